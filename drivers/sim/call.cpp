#include "drivers/sim/call.hpp"

#include <array>

namespace moult::sim {
namespace {

// clang-format off
constexpr std::array<CallFacts, kCalls> kFacts{{
    {"inspect", 2000, 6000, false},        {"start", 20000, 60000, true},
    {"stop", 100000, 900000, true},        {"reboot", 5000, 20000, true},
    {"set_autostart", 2000, 5000, true},
    {"space", 2000, 6000, false},          {"prepare", 20000, 60000, true},
    {"snapshot", 40000, 100000, true},     {"probe_snapshot", 2000, 6000, false},
    {"create_clone", 200000, 400000, true},{"probe_clone", 2000, 6000, false},
    {"discard_clone", 20000, 90000, true}, {"restore_chain", 90000, 600000, true},
    {"consolidate", 200000, 900000, true},
    {"create_networks", 9000, 30000, true},{"remove_networks", 9000, 30000, true},
    {"move", 3000, 30000, true},           {"where_machine", 2000, 6000, false},
    {"keep_sealed", 5000, 20000, true},    {"lift_seal", 5000, 20000, true},
    {"agent", 2000, 6000, false},          {"session", 100000, 600000, true},
    {"alive", 300, 3000, false},           {"remove_helper", 9000, 30000, true},
    {"announce", 300, 2000, true},         {"run", 1000, 60000, true},
    {"put", 1000, 9000, true},             {"get", 1000, 9000, false},
    {"start_capture", 2000, 9000, true},   {"stop_capture", 1000, 3000, true},
    {"pending", 300, 2000, false},         {"open_target", 3000, 20000, true},
    {"close_target", 300, 2000, true},
    {"manifest", 1000, 9000, false},       {"restore_target", 1000, 9000, true},
    {"emit", 2000, 20000, true},           {"apply", 2000, 20000, true},
    {"accept", 500, 3000, true},           {"digest", 500, 5000, false},
    {"freeze", 1000, 40000, true},         {"thaw", 500, 3000, true},
    {"sync", 2000, 90000, false},
    {"hold", 500, 3000, true},             {"drain", 500, 3000, false},
    {"release", 500, 3000, true},          {"where_entry", 500, 3000, false},
    {"check", 2000, 9000, false},
    {"disk_owner", 2000, 6000, false},     {"disk_held", 2000, 6000, false},
    {"make_image", 20000, 90000, true},    {"take_out", 30000, 300000, true},
    {"put_in", 20000, 90000, true},        {"journal", 300, 4000, true},
    {"disk_limits", 2000, 6000, false},    {"limit_disks", 2000, 9000, true},
    {"restore_limits", 2000, 9000, true},  {"disk_writes", 2000, 6000, false},
}};
// clang-format on

}  // namespace

const CallFacts& facts_of(CallId call) { return kFacts[static_cast<std::size_t>(call)]; }

}  // namespace moult::sim
