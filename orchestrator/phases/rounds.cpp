#include "orchestrator/phases/rounds.hpp"

#include <nlohmann/json.hpp>

#include "descriptors/base/text.hpp"
#include "orchestrator/phases/captures.hpp"

namespace moult {
namespace {

constexpr std::size_t kPathsShown = 20;

// A name may be any bytes: of a terminal's too, and none of UTF-8's.
constexpr std::size_t kPathLimit = 4096;

/// What a helper that was lost makes of a call.
bool may_be_lost(const Error& error) { return error.code == Code::unreachable || error.code == Code::failed; }

/// What was lost is there again, and what failed for it may be tried once more. Of a clone's helper that is so where
/// sets go through it and no more: what it knew of files is gone with it.
Result<bool> is_mended(RunContext& run, const Error& error) {
  if (!may_be_lost(error)) return false;
  MOULT_ASSIGN(const bool renewed, renew_captures(run));
  if (renewed || error.code != Code::unreachable) return renewed;
  return renew_ways(run);
}

/// Does it, and once more where it failed for a helper that was lost.
template <typename T>
Result<T> despite_losses(RunContext& run, const std::function<Result<T>()>& job) {
  auto done = job();
  if (done) return done;
  const auto mended = is_mended(run, done.error());
  return mended && *mended ? job() : done;
}

}  // namespace

std::vector<std::string> shown_paths(const std::vector<std::string>& paths) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < paths.size() && i < kPathsShown; ++i) shown.push_back(printable(paths[i], kPathLimit));
  if (paths.size() > kPathsShown) shown.emplace_back("...");
  return shown;
}

Result<> refuse_conflicts(const std::string& set, const RoundReport& report) {
  if (report.conflicts.empty()) return {};
  std::string text = "data set " + set + ": " + std::to_string(report.conflicts.size()) +
                     " paths were changed by the update and by clients meanwhile:";
  for (const auto& path : shown_paths(report.conflicts)) text += "\n  " + path;
  return fail(Code::conflict, text, "Add a `conflict` rule for these paths to the maintenance descriptor.");
}

std::string round_facts(const std::string& set, const RoundReport& report) {
  std::vector<std::string> kept;
  for (const auto& path : report.kept) kept.push_back(printable(path, kPathLimit));
  return nlohmann::json{{"set", set},
                        {"round", report.number},
                        {"paths", report.paths},
                        {"bytes", report.bytes},
                        {"took_ms", report.took.count()},
                        {"deletions", report.deletions},
                        {"kept", kept},
                        {"scanned", report.scan_reason},
                        {"conflicts", report.conflicts.size()}}
      .dump();
}

Result<> record_round(RunContext& run, const std::string& set, const Result<RoundReport>& report) {
  if (!report) return Unexpected(report.error());
  if (report->paths + report->deletions > 0) MOULT_TRY(run.ledger.record("data.round", round_facts(set, *report)));
  return refuse_conflicts(set, *report);
}

namespace {

Result<> carry_each(RunContext& run, StallForecast& forecast) {
  std::vector<Workers::Job> jobs;
  for (auto& set : run.forward) {
    jobs.emplace_back([&run, &forecast, set = set.get()]() -> Result<> {
      const auto began = run.platform().clock().steady();
      MOULT_ASSIGN(const auto report, set->round());
      forecast.round(set->name(), report, began);
      run.world.observer.round_ended(set->name(), report, forecast.last_round({{set->name(), Pending{}}}));
      return record_round(run, set->name(), report);
    });
  }
  return run.platform().workers().all(std::move(jobs));
}

Result<std::map<std::string, Pending>> pending_each(RunContext& run) {
  std::map<std::string, Pending> pending;
  for (auto& set : run.forward) {
    MOULT_ASSIGN(const auto left, set->pending());
    pending.emplace(set->name(), left);
  }
  return pending;
}

}  // namespace

Result<> carry_all(RunContext& run, StallForecast& forecast) {
  return despite_losses<void>(run, [&] { return carry_each(run, forecast); });
}

Result<> stop_captures(RunContext& run, const std::vector<std::unique_ptr<DataStrategy>>& sets,
                       const MachinePair& pair) {
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (run.work.plan.data[i].machine != pair.original.name) continue;
    const auto stopped = sets[i]->stop_capture();
    if (stopped) continue;
    run.world.observer.warn("left behind: " + stopped.error().describe());
    MOULT_TRY(run.ledger.record("capture.left_behind", facts_of(stopped.error())));
  }
  return {};
}

Result<std::map<std::string, Pending>> pending_all(RunContext& run) {
  return despite_losses<std::map<std::string, Pending>>(run, [&] { return pending_each(run); });
}

}  // namespace moult
