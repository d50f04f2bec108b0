#include "orchestrator/strategies.hpp"

#include <utility>

namespace moult {
namespace {

/// Names the way back of a set: a set of its own to the helper, over the same directory.
std::string back_name(const std::string& set) { return set + "~back"; }

FileSet file_set(const PlannedData& planned, const DataSpec& spec) {
  return {planned.set, spec.root, spec.include, spec.exclude, spec.conflict};
}

TwoWays make_files(const DataPlace& place, Clock& clock) {
  const auto& [planned, spec, original, clone, spool] = place;
  FilesStrategy::Setup there{file_set(planned, spec), original, clone, planned.migrates ? spec.migrate : Argv{},
                             spool + "/" + planned.set + ".manifest"};
  auto here = there;
  here.set.name = back_name(planned.set);
  // Nobody but the run writes to a sealed original's set; whatever differs there gives way to what clients wrote.
  here.set.conflict = {{"*", ConflictRule::keep_original, {}}};
  std::swap(here.source, here.target);
  here.migrate = planned.migrates ? spec.downgrade : Argv{};
  here.spool += ".back";
  here.compared = true;
  return {std::make_unique<FilesStrategy>(std::move(there), clock),
          std::make_unique<FilesStrategy>(std::move(here), clock)};
}

}  // namespace

TwoWays make_strategies(const DataPlace& place, Clock& clock) { return make_files(place, clock); }

}  // namespace moult
