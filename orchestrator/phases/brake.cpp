#include "orchestrator/phases/brake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "orchestrator/rate.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

/// So many rounds that do not get shorter are no chance.
constexpr unsigned kRoundsToJudge = 3;
/// After so many more that do not fit the budget, the person is told again.
constexpr unsigned kRoundsBeforeWarning = 10;
/// So many in which the last one to come did not get shorter by a fifth, with no machine slowed further: all that
/// slowing can do was done.
constexpr unsigned kRoundsBeforeGivingUp = 6;
/// So long clients have no limits then, before it is tried anew: there may be less load.
constexpr Millis kRest{60'000};

std::string figures_of(const std::string& set, const Pace& pace) {
  const auto rates = pace.rates();
  return fmt::format("{}: {} and {:.1f} paths a second are written, {} and {:.1f} are carried", set,
                     rate_text(rates.written_bytes), rates.written_paths, rate_text(rates.carried_bytes),
                     rates.carried_paths);
}

nlohmann::json facts_of_rates(const Rates& rates) {
  const auto whole = [](double value) { return static_cast<std::uint64_t>(value); };
  return {{"written_bytes", whole(rates.written_bytes)},
          {"carried_bytes", whole(rates.carried_bytes)},
          {"written_paths", whole(rates.written_paths)},
          {"carried_paths", whole(rates.carried_paths)}};
}

}  // namespace

const std::string& Brake::machine_of(const std::string& set) const {
  const auto& sets = run_.work.plan.data;
  return std::find_if(sets.begin(), sets.end(), [&](const auto& planned) { return planned.set == set; })->machine;
}

/// Those that were judged by rounds since their machine was slowed last.
Brake::Paces Brake::judged_sets() const {
  Paces sets;
  for (const auto& [set, pace] : forecast_.paces()) {
    const auto slowed = slowed_at_.find(set);
    const auto since = slowed == slowed_at_.end() ? 0 : slowed->second;
    if (pace.rounds() >= since + kRoundsToJudge) sets.emplace(set, pace);
  }
  return sets;
}

Brake::Paces Brake::outpaced_sets() const {
  auto sets = judged_sets();
  std::erase_if(sets, [](const auto& set) { return set.second.outpaced() < kRoundsToJudge; });
  return sets;
}

/// Where the last round to come is too long and gets no shorter, these make it so.
Brake::Paces Brake::carried_sets() const {
  auto sets = judged_sets();
  std::erase_if(sets, [](const auto& set) { return !set.second.carries(); });
  return sets;
}

std::string Brake::advice() const {
  const auto& floor = run_.work.options.throttle;
  if (!floor)
    return "start again with --throttle RATE, which slows the original's disks meanwhile but never below RATE, raise "
           "--max-stall, or try when there is less load";
  const auto least = rate_text(static_cast<double>(*floor));
  if (!spent()) return "where rounds do not get shorter the original's disks are slowed, to " + least + " at the least";
  return "nothing is left to slow above the floor of " + least +
         " that would help, so the original's disks are not slowed for a minute; start again with a lower --throttle, "
         "raise --max-stall, or try when there is less load";
}

Result<> Brake::say(const Paces& sets, const std::map<std::string, Pending>& pending) {
  const auto stall = forecast_.stall(pending);
  std::string figures;
  auto facts = nlohmann::json::object();
  for (const auto& [set, pace] : sets) {
    figures += figures_of(set, pace) + "; ";
    facts[set] = facts_of_rates(pace.rates());
  }
  run_.world.observer.warn(
      fmt::format("after {} rounds the forecast stall is {} ms, over the budget of {} ms (the last round alone {} ms), "
                  "{}{}{}",
                  rounds_, stall.count(), run_.work.options.max_stall.count(), forecast_.last_round(pending).count(),
                  sets.empty() ? ""
                               : "and rounds do not get shorter, for the data is written as fast as it is carried "
                                 "over, or faster: ",
                  figures, advice()));
  if (sets.empty() || std::exchange(said_, true)) return {};
  return run_.ledger.record("data.outpaced", nlohmann::json{{"sets", facts},
                                                            {"forecast_stall_ms", stall.count()},
                                                            {"budget_ms", run_.work.options.max_stall.count()}}
                                                 .dump());
}

/// A first look; how much was written is told by the next one.
void Brake::look_at_disks() {
  for (const auto& planned : run_.work.plan.data)
    if (written_.count(planned.machine) == 0) (void)disk_rate(planned.machine);
}

/// What its busiest disk was given since the last look, a second; 0: not known.
double Brake::disk_rate(const std::string& machine) {
  auto bytes = run_.platform().throttle().written(run_.machine(machine).original);
  const Written now{run_.platform().clock().steady(), bytes ? std::move(*bytes) : Written{}.bytes};
  const auto before = std::exchange(written_[machine], now);
  double most = 0;
  for (const auto& [disk, total] : now.bytes) {
    const auto known = before.bytes.find(disk);
    if (known != before.bytes.end() && total > known->second)
      most = std::max(most, static_cast<double>(total - known->second));
  }
  const auto seconds = std::chrono::duration<double>(now.at - before.at).count();
  return seconds > 0 ? most / seconds : 0;
}

Result<bool> Brake::slow_machine(const std::string& machine, const Outpaced& how) {
  MOULT_ASSIGN(const auto present, throttles_of(run_.world.store.journal(), run_.id()));
  const auto limited = present.find(machine);
  const double disk = disk_rate(machine);
  const double from = limited != present.end() ? static_cast<double>(limited->second) : std::max(disk, how.bytes);
  const auto next = next_limit(from, how.load, *run_.work.options.throttle);
  if (!next) return false;
  const auto text = fmt::format("the disks of {} to {} each (written with {} until now)", machine,
                                rate_text(static_cast<double>(*next)), rate_text(disk));
  if (auto slowed = throttle(run_, run_.machine(machine), *next); !slowed) {
    const auto back = lift_throttle(run_, run_.machine(machine));
    run_.world.observer.warn("cannot slow " + text + ": " + slowed.error().describe() +
                             (back ? "" : "; " + back.error().describe()));
    return false;
  }
  run_.world.observer.note("slowed " + text);
  return true;
}

Result<> Brake::slow(const Paces& sets) {
  std::map<std::string, Outpaced> machines;
  for (const auto& [set, pace] : sets) {
    auto& machine = machines[machine_of(set)];
    machine.load = std::max(machine.load, pace.load());
    machine.bytes += pace.rates().written_bytes;
  }
  bool any = false;
  for (const auto& [machine, how] : machines) {
    MOULT_ASSIGN(const bool slowed, slow_machine(machine, how));
    any = any || slowed;
  }
  for (const auto& [set, pace] : sets) slowed_at_[set] = pace.rounds();
  if (any) idle_ = 0;
  return {};
}

bool Brake::spent() const { return rests_until_ && run_.platform().clock().steady() < *rests_until_; }

void Brake::begin_anew() {
  rests_until_.reset();
  idle_ = 0;
  shortest_ = Millis::max();
  for (const auto& [set, pace] : forecast_.paces()) slowed_at_[set] = pace.rounds();
}

/// Where neither rounds nor limits helped, clients are not kept slow for nothing.
Result<> Brake::give_up_in_time(const std::map<std::string, Pending>& pending) {
  const auto last_round = forecast_.last_round(pending);
  if (static_cast<double>(last_round.count()) <= kShorter * static_cast<double>(shortest_.count())) {
    shortest_ = last_round;
    idle_ = 0;
  } else {
    ++idle_;
  }
  if (idle_ == kRoundsToJudge) MOULT_TRY(slow(carried_sets()));
  if (idle_ < kRoundsBeforeGivingUp) return {};
  rests_until_ = run_.platform().clock().steady() + kRest;
  MOULT_TRY(lift_throttles(run_));
  run_.world.observer.warn(advice());
  return {};
}

Result<> Brake::after_round(const std::map<std::string, Pending>& pending) {
  ++rounds_;
  const auto sets = outpaced_sets();
  if ((!sets.empty() && !said_) || rounds_ % kRoundsBeforeWarning == 0) MOULT_TRY(say(sets, pending));
  if (!run_.work.options.throttle || spent()) return {};
  if (rests_until_) begin_anew();
  look_at_disks();
  if (!sets.empty()) MOULT_TRY(slow(sets));
  return give_up_in_time(pending);
}

}  // namespace moult
