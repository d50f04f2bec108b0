#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/machine.hpp"
#include "drivers/sim/call.hpp"
#include "drivers/sim/rng.hpp"

namespace moult::sim {

/// What can go wrong at a call. The names are part of a failing seed's printed command.
enum class FaultKind : std::uint8_t {
  none,
  refuse,         ///< no effect, a clear error
  lose_call,      ///< no effect, and the caller cannot know: ambiguous
  lose_answer,    ///< the effect happened, and the caller cannot know: ambiguous
  fail_command,   ///< a command in a guest ends with exit code 1 and no effect; other calls: refuse
  half_way,       ///< calls of several parts stop between two of them: ambiguous; others: lose_answer
  slow,           ///< takes `by` longer before its effect
  crash_guest,    ///< the guest concerned panics and reboots by itself: ambiguous
  destroy_guest,  ///< the guest concerned is powered off and stays off: ambiguous
  kill_helper,    ///< the helper in the guest concerned is killed: capture is lost: ambiguous
  overflow,       ///< the guest's event queue overflows: noticed changes are forgotten
  fill_host,      ///< the host's disk is full from now on, until World::free_space
  restart_entry,  ///< the entry restarts: its hold is forgotten, waiting requests fail
  jump_clock,     ///< the wall clock jumps a day forward or back
  kill_before,    ///< the orchestrator's process dies before the effect
  kill_after,     ///< the orchestrator's process dies after the effect
  late_answer,    ///< the effect happened, and the answer comes `by` later
  stale,          ///< a question gets the answer that it got the last time; other calls: none
  stop_daemon,    ///< the host's daemon dies, and its host cannot be asked for `by`: ambiguous
  garble,         ///< what a round carries is altered on its way; other calls: none
  second,         ///< another orchestrator tries its luck at the same time: FaultPlan::on_second
  hang_guest,     ///< the guest concerned runs on and answers nobody, until it is powered off: ambiguous
  count_
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::count_);
[[nodiscard]] std::string_view name_of(FaultKind kind);

/// "The nth call of this name (on this machine) meets this."
struct FaultRule {
  FaultKind kind = FaultKind::refuse;
  std::string call;     ///< CallFacts::name; empty: any call
  unsigned nth = 1;     ///< counted over the calls that match; 0: every one
  std::string machine;  ///< MachineRef::name; empty: any
  Millis by{5000};      ///< slow: how much
  unsigned seen = 0;    ///< calls that matched so far
};

/// "The nth call of this kind, counted from the world's beginning, meets this": what chance did, so that it can be
/// done again, and in part.
struct Strike {
  FaultKind kind = FaultKind::none;
  CallId call = CallId::count_;
  unsigned nth = 0;
  Millis by{0};
};

/// The nth call of a kind, counted from one.
struct NthCall {
  CallId call = CallId::count_;
  unsigned nth = 1;
};

struct FaultPlan {
  std::vector<FaultRule> rules;
  std::vector<Strike> strikes;                   ///< come before rules, and rules before chance
  std::array<std::uint32_t, kFaultKinds> ppm{};  ///< chance of each kind at each call, in a million
  unsigned burst = 1;                            ///< so many times as likely for a few calls after each strike
  unsigned most = 3;                             ///< chance strikes at most so often in a run
  std::optional<NthCall> quiet_until{};          ///< chance finds the run with this call; without one: from its first
  std::uint64_t quiet_before = 0;                ///< so many calls after that one
  std::uint64_t quiet_after = UINT64_MAX;        ///< calls after which chance leaves the run alone
  std::optional<CallId> focus{};                 ///< calls of this kind are struck kFocus times as likely
  bool sure = false;                             ///< the first call that chance finds is struck for certain
  std::optional<CallId> next{};                  ///< so is the next one of this kind after that; between them none is
  std::function<void()> on_kill{};               ///< called when the process dies; may throw to unwind a harness
  std::function<void()> on_second{};             ///< called between two calls: acts as another process would

  FaultPlan& with(FaultKind kind, std::string call, unsigned nth = 1, std::string machine = {}) {
    rules.push_back({kind, std::move(call), nth, std::move(machine)});
    return *this;
  }
};

/// A fault that was chosen for one call.
struct Fault {
  FaultKind kind = FaultKind::none;
  Millis by{0};
};

/// Chooses faults: strikes first, then rules, then chance.
class FaultChooser {
 public:
  FaultChooser(FaultPlan plan, std::uint64_t seed);
  [[nodiscard]] Fault choose(CallId call, const std::string& machine);
  void set(FaultPlan plan);
  /// Can this fault come about at all?
  [[nodiscard]] bool may(FaultKind kind) const;
  [[nodiscard]] const FaultPlan& plan() const { return plan_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] unsigned struck() const { return static_cast<unsigned>(struck_.size()); }
  /// What chance did so far: as a plan's strikes it happens again.
  [[nodiscard]] const std::vector<Strike>& strikes() const { return struck_; }

 private:
  [[nodiscard]] Fault by_chance(CallId call);
  [[nodiscard]] bool is_quiet(CallId call, unsigned nth);
  [[nodiscard]] bool is_certain() const;
  FaultPlan plan_;
  Rng rng_;
  std::uint64_t calls_ = 0, last_ = 0, loud_since_ = 0;
  std::array<std::uint64_t, kCalls> total_ppm_{};
  std::array<unsigned, kCalls> seen_{};
  std::vector<Strike> struck_;
};

}  // namespace moult::sim
