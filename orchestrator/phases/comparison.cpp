#include "orchestrator/phases/comparison.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace moult {
namespace {

constexpr Millis kAgainAfter{std::chrono::minutes{15}};
constexpr std::size_t kPathsShown = 20;

}  // namespace

Result<> BackgroundComparison::go_on() {
  for (auto& set : run_.forward) {
    auto& progress = sets_[set->name()];
    if (run_.platform().clock().steady() >= progress.next) MOULT_TRY(go_on(*set, progress));
  }
  return {};
}

Result<> BackgroundComparison::go_on(DataStrategy& set, Progress& progress) {
  MOULT_ASSIGN(const auto part, set.compare_some());
  progress.paths += part.paths;
  progress.bytes += part.bytes;
  progress.differing += part.differing.size();
  if (!part.differing.empty()) MOULT_TRY(name_differing(set.name(), part.differing));
  if (!part.finished) return {};
  const auto through = std::exchange(progress, Progress{0, 0, 0, run_.platform().clock().steady() + kAgainAfter});
  if (through.paths == 0) return {};
  return run_.ledger.record("data.compared", nlohmann::json{{"set", set.name()},
                                                            {"paths", through.paths},
                                                            {"bytes", through.bytes},
                                                            {"differing", through.differing}}
                                                 .dump());
}

Result<> BackgroundComparison::name_differing(const std::string& set, const std::vector<std::string>& paths) {
  std::vector<std::string> shown(paths.begin(),
                                 paths.begin() + static_cast<std::ptrdiff_t>(std::min(paths.size(), kPathsShown)));
  std::string text = "data set " + set + ": " + std::to_string(paths.size()) +
                     " paths differ between both sides though neither changed them; they are carried again:";
  for (const auto& path : shown) text += "\n  " + path;
  if (paths.size() > kPathsShown) text += "\n  ...";
  run_.world.observer.warn(text);
  return run_.ledger.record(
      "data.differs", nlohmann::json{{"set", set}, {"count", paths.size()}, {"paths", std::move(shown)}}.dump());
}

}  // namespace moult
