#include "drivers/sim/faults.hpp"

#include <algorithm>

namespace moult::sim {
namespace {

constexpr std::array<std::string_view, kFaultKinds> kNames{
    "none",          "refuse",      "lose_call",     "lose_answer", "fail_command", "half_way",
    "slow",          "crash_guest", "destroy_guest", "kill_helper", "overflow",     "fill_host",
    "restart_entry", "jump_clock",  "kill_before",   "kill_after",  "late_answer",  "stale",
    "stop_daemon",   "garble",      "second",        "hang_guest"};

/// What follows a fault is where the next one hurts most: undoing, trying again.
constexpr std::uint64_t kBurstCalls = 16;
constexpr unsigned kFocus = 16;
constexpr std::uint64_t kNever = UINT64_MAX;
constexpr Millis kLeastSlow{500}, kMostSlow{30'000};

bool matches(const FaultRule& rule, CallId call, const std::string& machine) {
  return (rule.call.empty() || rule.call == facts_of(call).name) && (rule.machine.empty() || rule.machine == machine);
}

/// What hurts at few calls befalls those more often, and, where it cannot hurt at others, those never.
std::uint64_t weight(FaultKind kind, CallId call) {
  constexpr std::uint64_t kOwn = 16;
  switch (kind) {
    case FaultKind::garble:
      return call == CallId::apply ? kOwn : 0;
    case FaultKind::overflow:
      return call == CallId::emit ? kOwn : 1;
    case FaultKind::stale:
      return facts_of(call).changes ? 0 : 1;
    default:
      return 1;
  }
}

}  // namespace

std::string_view name_of(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

FaultChooser::FaultChooser(FaultPlan plan, std::uint64_t seed) : rng_(seed) { set(std::move(plan)); }

void FaultChooser::set(FaultPlan plan) {
  plan_ = std::move(plan);
  for (std::size_t call = 0; call < kCalls; ++call) {
    total_ppm_.at(call) = 0;
    for (std::size_t kind = 0; kind < kFaultKinds; ++kind)
      total_ppm_.at(call) += plan_.ppm.at(kind) * weight(static_cast<FaultKind>(kind), static_cast<CallId>(call));
  }
  loud_since_ = plan_.quiet_until ? kNever : 0;
}

bool FaultChooser::may(FaultKind kind) const {
  return plan_.ppm[static_cast<std::size_t>(kind)] != 0 ||
         std::any_of(plan_.strikes.begin(), plan_.strikes.end(),
                     [kind](const auto& one) { return one.kind == kind; }) ||
         std::any_of(plan_.rules.begin(), plan_.rules.end(), [kind](const auto& one) { return one.kind == kind; });
}

Fault FaultChooser::choose(CallId call, const std::string& machine) {
  ++calls_;
  const auto nth = ++seen_[static_cast<std::size_t>(call)];
  for (const auto& strike : plan_.strikes)
    if (strike.call == call && strike.nth == nth) return {strike.kind, strike.by};
  for (auto& rule : plan_.rules)
    if (matches(rule, call, machine) && (++rule.seen == rule.nth || rule.nth == 0)) return {rule.kind, rule.by};
  return is_quiet(call, nth) || struck_.size() >= plan_.most ? Fault{} : by_chance(call);
}

bool FaultChooser::is_quiet(CallId call, unsigned nth) {
  if (loud_since_ == kNever && plan_.quiet_until->call == call && plan_.quiet_until->nth == nth)
    loud_since_ = calls_ - 1;
  return loud_since_ == kNever || calls_ - loud_since_ <= plan_.quiet_before || calls_ > plan_.quiet_after ||
         (plan_.next && struck_.size() == 1 && plan_.next != call);
}

bool FaultChooser::is_certain() const {
  return struck_.empty() ? plan_.sure : plan_.next.has_value() && struck_.size() == 1;
}

Fault FaultChooser::by_chance(CallId call) {
  const auto total = total_ppm_[static_cast<std::size_t>(call)];
  const bool again = !struck_.empty() && calls_ - last_ <= kBurstCalls;
  const std::uint64_t times = (again ? plan_.burst : 1) * (plan_.focus == call ? kFocus : 1);
  if (total == 0 || (!is_certain() && rng_.below(1'000'000) >= total * times)) return {};
  std::uint64_t draw = rng_.below(total);  // each kind as likely beside the others as it is without `times`
  std::size_t kind = 0;
  for (std::uint64_t share = 0; draw >= (share = plan_.ppm[kind] * weight(static_cast<FaultKind>(kind), call)); ++kind)
    draw -= share;
  const Fault fault{static_cast<FaultKind>(kind), Millis{rng_.between(kLeastSlow.count(), kMostSlow.count())}};
  last_ = calls_;
  struck_.push_back({fault.kind, call, seen_[static_cast<std::size_t>(call)], fault.by});
  return fault;
}

}  // namespace moult::sim
