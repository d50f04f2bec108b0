#include "tests/sim/shape.hpp"

#include <algorithm>
#include <sstream>

#include "drivers/sim/rng.hpp"
#include "tests/sim/sim_run.hpp"

namespace moult::test {
namespace {

struct FieldFacts {
  const char* name;
  long simplest;
};

// clang-format off
constexpr std::array<FieldFacts, Shape::kFields> kFacts{{
    {"clients", 1},   {"think_ms", 400}, {"nics", 1},         {"disks", 1},   {"files", 0},
    {"silent_ppm", 0},{"holds", 1},      {"hooks", 0},        {"reboot", 0},  {"blind", 0}, {"handover", 0}, {"fstab", 1},
    {"comes_back", 1},
    {"finish", 0},    {"confirm_s", 0},  {"rehearse", 0},   {"max_stall_ms", 0}, {"serve_s", 5}, {"faulty_words", 0},
    {"outpaced", 0},
    {"leave", 0},     {"calm", 0},       {"most", 0},         {"kinds", 0},   {"ppm", 0}, {"burst", 1},
    {"since", 0},     {"focus", 0},    {"sure", 0},         {"next", 0},
}};
// clang-format on

/// A number of a list, each as likely as it stands there often.
template <std::size_t n>
long one_of(sim::Rng& rng, const long (&list)[n]) {
  return list[rng.below(n)];
}

constexpr std::uint64_t kShapes = 0x5a9e5a9eULL;
constexpr std::uint64_t kLongestCalm = 500;
constexpr std::uint64_t kCalmWithin = 12;
constexpr std::uint64_t kCalmBeforeSure = 6;
constexpr long kLeastWhenSure = 2;
constexpr std::uint64_t kOutpaced = 60;  ///< one life of so many
constexpr Millis::rep kBusyThink = 300;  ///< of its clients
constexpr std::uint64_t kFloor = 2048;   ///< bytes a second: a note in two seconds, which any clone can be given
constexpr long kAllKinds = ((1L << sim::kFaultKinds) - 1) & ~1L;

/// Where a run is rarely come to by chance, by the call that is made there: its first round, its cutover, its commit,
/// its seal, its switch and the end of that, the opening of the way back, the rollback and its switch, the undoing of
/// clones and the finish.
constexpr std::array<sim::NthCall, 11> kPlaces{{{sim::CallId::emit, 1},
                                                {sim::CallId::hold, 1},
                                                {sim::CallId::keep_sealed, 1},
                                                {sim::CallId::move, 5},
                                                {sim::CallId::move, 7},
                                                {sim::CallId::announce, 4},
                                                {sim::CallId::open_target, 3},
                                                {sim::CallId::hold, 2},
                                                {sim::CallId::move, 11},
                                                {sim::CallId::discard_clone, 1},
                                                {sim::CallId::consolidate, 1}}};

/// What the orchestrator decides by, and what it decides.
constexpr long kDecisive[] = {static_cast<long>(sim::CallId::inspect),       static_cast<long>(sim::CallId::move),
                              static_cast<long>(sim::CallId::where_machine), static_cast<long>(sim::CallId::freeze),
                              static_cast<long>(sim::CallId::thaw),          static_cast<long>(sim::CallId::hold),
                              static_cast<long>(sim::CallId::where_entry),   static_cast<long>(sim::CallId::journal)};

/// What a run does about a fault, and what the next fault hurts most in: to carry once more, to move, to write down.
constexpr long kMending[] = {static_cast<long>(sim::CallId::apply), static_cast<long>(sim::CallId::apply),
                             static_cast<long>(sim::CallId::apply), static_cast<long>(sim::CallId::move),
                             static_cast<long>(sim::CallId::run),   static_cast<long>(sim::CallId::journal)};

constexpr long bits(std::initializer_list<sim::FaultKind> kinds) {
  long all = 0;
  for (const auto kind : kinds) all |= 1L << static_cast<int>(kind);
  return all;
}

/// What befalls a call, and not the world.
constexpr long kOutcomes =
    bits({sim::FaultKind::refuse, sim::FaultKind::lose_call, sim::FaultKind::lose_answer, sim::FaultKind::fail_command,
          sim::FaultKind::half_way, sim::FaultKind::slow, sim::FaultKind::late_answer, sim::FaultKind::stale,
          sim::FaultKind::garble, sim::FaultKind::kill_before, sim::FaultKind::kill_after});

/// Calls that a life of any shape makes.
constexpr auto kUsualCalls = static_cast<std::size_t>(sim::CallId::disk_limits);

/// 0: no kind of call is sought out; else the CallId, counted from 1.
long draw_focus(sim::Rng& rng) {
  const auto any = static_cast<long>(rng.below(kUsualCalls));
  const auto decisive = one_of(rng, kDecisive);
  return one_of(rng, {0L, 0L, any + 1, decisive + 1});
}

}  // namespace

Shape::Shape(std::uint64_t seed) {
  sim::Rng rng(seed ^ kShapes);
  values_ = {one_of(rng, {1, 2, 3, 3, 5}),
             one_of(rng, {300, 1500, 2500, 5000}),
             one_of(rng, {1, 1, 2}),
             one_of(rng, {1, 1, 2}),
             one_of(rng, {0, 3, 8}),
             one_of(rng, {0, 20'000, 300'000}),
             one_of(rng, {1, 1, 1, 1, 0}),
             one_of(rng, {0, 1}),
             one_of(rng, {0, 0, 0, 1}),
             0,
             0,
             1,
             one_of(rng, {1, 1, 1, 0}),
             one_of(rng, {0, 0, 0, 0, 1}),
             one_of(rng, {0, 0, 0, 0, 0, 0, 2, 30}),
             one_of(rng, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
             one_of(rng, {0, 0, 0, 0, 500, 10'000}),
             one_of(rng, {0, 1, 5, 17, 70}),
             one_of(rng, {0, 1, 2, 4}),
             0,
             one_of(rng, {0, 0, 0, 1}),
             one_of(rng, {0, 1, 1, 1}) * static_cast<long>(rng.below(kLongestCalm)),
             one_of(rng, {0, 1, 1, 2, 2, 3, 5, 8}),
             static_cast<long>(rng.next() | (rng.below(4) == 0 ? ~0ULL : 0)) & kAllKinds,
             one_of(rng, {2000, 8000, 40'000}),
             one_of(rng, {1, 1, 4, 16}),
             one_of(rng, {0, 1}) * static_cast<long>(1 + rng.below(kPlaces.size())),
             draw_focus(rng),
             one_of(rng, {0, 0, 1}),
             one_of(rng, {0, 1, 1}) * (one_of(rng, kMending) + 1)};
  if (values_[since] != 0) values_[calm] %= kCalmWithin;
  values_[fstab] = one_of(rng, {1, 1, 0});
  const auto place = static_cast<long>(1 + rng.below(kPlaces.size()));
  const auto befalls = one_of(rng, {kOutcomes, kOutcomes, kAllKinds});
  values_[outpaced] = rng.below(kOutpaced) == 0 ? 1 : 0;  // drawn last, so that the other lives are what they were
  if (values_[outpaced] != 0 && rng.below(2) == 0)
    values_[focus] = static_cast<long>(kUsualCalls + rng.below(sim::kCalls - kUsualCalls)) + 1;
  if (values_[sure] == 0) return;
  values_[since] = place;
  values_[calm] %= kCalmBeforeSure;
  values_[kinds] = befalls;
  values_[most] = std::max(values_[most], kLeastWhenSure);
}

long Shape::simplest(Field field) { return kFacts.at(field).simplest; }

std::string Shape::difference(const Shape& other) const {
  std::ostringstream out;
  for (std::size_t i = 0; i < kFields; ++i)
    if (values_[i] != other.values_[i]) out << (out.tellp() > 0 ? "," : "") << kFacts.at(i).name << "=" << values_[i];
  return out.str();
}

Result<> Shape::apply(const std::string& text) {
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) {
    const auto name = one.substr(0, one.find('='));
    std::size_t field = 0;
    while (field < kFields && kFacts.at(field).name != name) ++field;
    std::istringstream number(one.substr(std::min(one.size(), name.size() + 1)));
    if (field == kFields || !(number >> values_[field]))
      return fail(Code::invalid, "\"" + one + "\" is no part of a life's shape");
  }
  return {};
}

SimOptions Shape::options(std::uint64_t seed) const {
  const auto& have = *this;
  auto options = two_machines(seed);
  options.clients = static_cast<unsigned>(have[clients]);
  options.think = Millis{have[think_ms]};
  options.nics = static_cast<unsigned>(have[nics]);
  options.disks = static_cast<unsigned>(have[disks]);
  options.files_per_set = static_cast<unsigned>(have[files]);
  options.silent_ppm = static_cast<std::uint32_t>(have[silent_ppm]);
  options.held_files_seen = have[blind] == 0;
  options.mounts_at_boot = have[fstab] != 0;
  options.crashed_guests_reboot = have[comes_back] != 0;
  if (have[outpaced] != 0) {
    // Half of the requests make a path of a round, so what is written in a second costs the clone about 1.3 s.
    options.think = Millis{kBusyThink};
    options.slow_clone = Millis{13 * kBusyThink * 2 / 10 / std::max(have[clients], 1L)};
    options.disk_limit = have[disks] > 1 ? 1ULL << 20U : 0;
  }
  if (have[holds] == 0) options.appliance.entry.kind = EntryKind::none;
  auto& api = options.maintenance.components.front();
  if (have[hooks] != 0) {
    api.hooks.quiesce = {"quiesce", "api"};
    api.hooks.warm = {"warm", "api"};
    api.hooks.activate = {"activate", "api"};
  }
  if (have[handover] != 0) {
    api.data.front().kind = DataKind::handover;
    api.data.front().conflict.clear();
    api.data.front().handover.disk = "vdb";
  }
  options.maintenance.components[1].update.reboot = api.update.reboot = have[reboot] != 0;
  options.faults.most = static_cast<unsigned>(have[most]);
  options.faults.burst = static_cast<unsigned>(have[burst]);
  options.faults.quiet_before = static_cast<std::uint64_t>(have[calm]);
  if (have[since] != 0) options.faults.quiet_until = kPlaces.at(static_cast<std::size_t>(have[since] - 1));
  if (have[focus] != 0) options.faults.focus = static_cast<sim::CallId>(have[focus] - 1);
  options.faults.sure = have[sure] != 0;
  if (have[next] != 0) options.faults.next = static_cast<sim::CallId>(have[next] - 1);
  for (std::size_t kind = 1; kind < sim::kFaultKinds; ++kind)
    if ((have[kinds] >> kind & 1) != 0) options.faults.ppm[kind] = static_cast<std::uint32_t>(have[ppm]);
  return options;
}

RunOptions Shape::run_options() const {
  RunOptions options;
  options.finish = (*this)[finish] != 0;
  options.rehearse = (*this)[rehearse] != 0;
  if ((*this)[confirm_s] > 0) options.confirm_within = std::chrono::seconds{(*this)[confirm_s]};
  if ((*this)[outpaced] != 0) options.throttle = kFloor;
  if ((*this)[max_stall_ms] != 0) options.max_stall = Millis{(*this)[max_stall_ms]};
  return options;
}

}  // namespace moult::test
