#include "drivers/sim/entry.hpp"

namespace moult::sim {
namespace {
constexpr Time kMillisecond = 1000;
}  // namespace

Result<> SimEntry::ready(Millis) {
  return where().map([](const EntryState&) {});
}

Result<> SimEntry::hold(Millis ttl) {
  return world_.call(CallId::hold, nullptr, [&]() -> Result<> {
    if (can_hold()) world_.hold(world_.now() + ttl.count() * kMillisecond);
    return {};
  });
}

Result<> SimEntry::drain(Millis deadline) {
  return world_.call(CallId::drain, nullptr, [&]() -> Result<> {
    if (!can_hold()) return {};
    const bool empty =
        world_.advance_until(world_.now() + deadline.count() * kMillisecond, [&] { return world_.in_flight() == 0; });
    if (empty) return {};
    return fail(Code::timeout, std::to_string(world_.in_flight()) + " requests are still inside the appliance",
                "Raise the drain deadline, or try when there is less load.");
  });
}

Result<> SimEntry::release() {
  return world_.call(CallId::release, nullptr, [&]() -> Result<> {
    if (world_.gate().hold_until != 0) world_.release_held();
    world_.gate().on_record = false;
    return {};
  });
}

Result<EntryState> SimEntry::where() {
  return world_.call(CallId::where_entry, nullptr, [&]() -> Result<EntryState> {
    const bool holding = world_.gate().hold_until != 0;
    return EntryState{holding, world_.in_flight(), world_.gate().on_record && !holding};
  });
}

Result<> SimEntry::check(Millis) {
  return world_.call(CallId::check, nullptr, [&]() -> Result<> {
    if (world_.serves()) return {};
    return fail(Code::failed, "a request through the entry got no answer: not every machine serves");
  });
}

}  // namespace moult::sim
