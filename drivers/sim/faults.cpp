#include "drivers/sim/faults.hpp"

#include <numeric>

namespace moult::sim {
namespace {

constexpr std::array<std::string_view, kFaultKinds> kNames{"none",          "refuse",      "lose_call",   "lose_answer",
                                                           "fail_command",  "half_way",    "slow",        "crash_guest",
                                                           "destroy_guest", "kill_helper", "overflow",    "fill_host",
                                                           "restart_entry", "jump_clock",  "kill_before", "kill_after"};

constexpr Millis kLeastSlow{500}, kMostSlow{30'000};

bool matches(const FaultRule& rule, CallId call, const std::string& machine) {
  return (rule.call.empty() || rule.call == facts_of(call).name) && (rule.machine.empty() || rule.machine == machine);
}

}  // namespace

std::string_view name_of(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

FaultChooser::FaultChooser(FaultPlan plan, std::uint64_t seed) : rng_(seed) { set(std::move(plan)); }

void FaultChooser::set(FaultPlan plan) {
  plan_ = std::move(plan);
  total_ppm_ = std::accumulate(plan_.ppm.begin(), plan_.ppm.end(), std::uint64_t{0});
}

Fault FaultChooser::choose(CallId call, const std::string& machine) {
  ++calls_;
  for (auto& rule : plan_.rules)
    if (matches(rule, call, machine) && (++rule.seen == rule.nth || rule.nth == 0)) return {rule.kind, rule.by};
  if (total_ppm_ == 0 || struck_ >= plan_.most || calls_ > plan_.quiet_after) return {};
  std::uint64_t draw = rng_.below(1'000'000);
  if (draw >= total_ppm_) return {};
  ++struck_;
  std::size_t kind = 0;
  while (draw >= plan_.ppm[kind]) draw -= plan_.ppm[kind++];
  return {static_cast<FaultKind>(kind), Millis{rng_.between(kLeastSlow.count(), kMostSlow.count())}};
}

}  // namespace moult::sim
