#include "orchestrator/phases/comparison.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "orchestrator/phases/rounds.hpp"

namespace moult {
namespace {

constexpr Millis kAgainAfter{std::chrono::minutes{15}};

}  // namespace

Result<> BackgroundComparison::go_on() {
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    auto& set = *sets_[turn_++ % sets_.size()];
    auto& progress = progress_[set.name()];
    if (clock_.steady() >= progress.next) return go_on(set, progress);
  }
  return {};
}

Result<> BackgroundComparison::go_on(DataStrategy& set, Progress& progress) {
  auto part = set.compare_some();
  if (!part || part->finished) progress.next = clock_.steady() + kAgainAfter;
  if (!part) return name_failure(set.name(), part.error());
  progress.paths += part->paths;
  progress.bytes += part->bytes;
  progress.differing += part->differing.size();
  if (!part->differing.empty()) MOULT_TRY(name_differing(set.name(), part->differing));
  if (!part->finished) return {};
  const auto through = std::exchange(progress, Progress{0, 0, 0, progress.next});
  if (through.paths == 0) return {};
  return ledger_.record(
      "data.compared",
      nlohmann::json{
          {"set", set.name()}, {"paths", through.paths}, {"bytes", through.bytes}, {"differing", through.differing}}
          .dump());
}

Result<> BackgroundComparison::name_differing(const std::string& set, const std::vector<std::string>& paths) {
  const auto shown = shown_paths(paths);
  std::string text =
      "data set " + set + ": " + std::to_string(paths.size()) +
      " paths differ between both sides, and neither changed them as far as is known; they are carried again:";
  for (const auto& path : shown) text += "\n  " + path;
  ledger_.observer().warn(text);
  return ledger_.record("data.differs", nlohmann::json{{"set", set}, {"count", paths.size()}, {"paths", shown}}.dump());
}

Result<> BackgroundComparison::name_failure(const std::string& set, const Error& error) {
  ledger_.observer().warn("data set " + set + " could not be compared, and is tried again later: " + error.describe());
  auto facts = nlohmann::json::parse(facts_of(error));
  facts["set"] = set;
  return ledger_.record("data.not_compared", facts.dump());
}

}  // namespace moult
