#include "orchestrator/strategies.hpp"

#include <utility>

#include "migration/hooks_strategy.hpp"
#include "migration/postgresql_strategy.hpp"
#include "migration/replication_strategy.hpp"

namespace moult {
namespace {

/// Names the way back of a set: a set of its own to the helper, over the same directory.
std::string back_name(const std::string& set) { return set + "~back"; }

FileSet file_set(const PlannedData& planned, const DataSpec& spec) {
  return {planned.set, spec.root, spec.include, spec.exclude, spec.conflict};
}

TwoWays make_files(const DataPlace& place, Clock& clock) {
  const auto& planned = place.planned;
  const auto& spec = place.spec;
  FilesStrategy::Setup there{file_set(planned, spec), place.original, place.clone,
                             planned.migrates ? spec.migrate : Argv{}, place.spool + "/" + planned.set + ".manifest"};
  auto here = there;
  here.set.name = back_name(planned.set);
  // Nobody but the run writes to a sealed original's set; whatever differs there gives way to what clients wrote.
  here.set.conflict = {{"*", ConflictRule::keep_original, {}}};
  std::swap(here.source, here.target);
  here.migrate = planned.migrates ? spec.downgrade : Argv{};
  here.spool += ".back";
  here.compared = true;
  auto& workers = place.platform->workers();
  return {std::make_unique<FilesStrategy>(std::move(there), clock, workers),
          std::make_unique<FilesStrategy>(std::move(here), clock, workers)};
}

/// Of a kind that the vendor's commands carry.
template <typename Strategy>
TwoWays make_vendors(const DataPlace& place, Clock& clock) {
  VendorStrategy::Setup there{hook_set(place, false), place.original, place.clone,
                              place.spool + "/" + place.planned.set + ".hooks", false};
  VendorStrategy::Setup here{hook_set(place, true), place.clone, place.original, there.spool + ".back",
                             place.spec.hooks.one_way};
  return {std::make_unique<Strategy>(std::move(there), clock), std::make_unique<Strategy>(std::move(here), clock)};
}

TwoWays make_postgresql(const DataPlace& place, Clock& clock) {
  PostgresqlStrategy::Setup there{place.planned.set, place.spec.postgresql, place.original, place.clone};
  auto here = there;
  here.name = back_name(there.name);
  std::swap(here.source, here.target);
  here.forward = false;
  here.one_way = place.planned.one_way;
  return {std::make_unique<PostgresqlStrategy>(std::move(there), clock),
          std::make_unique<PostgresqlStrategy>(std::move(here), clock)};
}

TwoWays make_handover(const DataPlace& place, Clock& clock) {
  const auto& planned = place.planned;
  const auto& spec = place.spec;
  HandoverStrategy::Setup there{planned.set,
                                spec.root,
                                {place.run, place.original_machine, spec.handover.disk},
                                {place.original, place.original_machine, DiskSide::original},
                                {place.clone, place.clone_machine, DiskSide::clone},
                                planned.migrates ? spec.migrate : Argv{},
                                {}};
  there.spool = place.spool + "/" + planned.set + ".mount";
  auto here = there;
  here.set = back_name(planned.set);
  std::swap(here.source, here.target);
  here.image = planned.one_way ? DiskImage::returned : DiskImage::handed;
  here.convert = planned.migrates && !planned.one_way ? spec.downgrade : Argv{};
  here.unconvert = there.convert;
  const HandoverStrategy::Seams seams{place.platform->disks(), place.platform->lifecycle(), place.platform->guests(),
                                      clock};
  return {std::make_unique<HandoverStrategy>(std::move(there), seams),
          std::make_unique<HandoverStrategy>(std::move(here), seams)};
}

}  // namespace

HookSet hook_set(const DataPlace& place, bool back) {
  const auto& hooks = place.spec.hooks;
  HookSet set;
  set.name = back ? back_name(place.planned.set) : place.planned.set;
  set.run = place.run;
  set.back = back;
  set.version = hooks.version;
  set.port = hooks.port;
  set.commands = back ? hooks.back : hooks.forward;
  set.timeout = hooks.timeout;
  set.largest = hooks.largest;
  set.state = "/run/moult/" + place.run + "/hooks/" + set.name;
  set.spool = "/var/tmp/moult-" + place.run + "/hooks/" + set.name + ".stream";
  return set;
}

TwoWays make_strategies(const DataPlace& place, Clock& clock) {
  if (place.spec.kind == DataKind::handover) return make_handover(place, clock);
  if (place.spec.kind == DataKind::hooks) return make_vendors<HooksStrategy>(place, clock);
  if (place.spec.hooks.port != 0) return make_vendors<ReplicationStrategy>(place, clock);
  if (place.spec.kind == DataKind::native) return make_postgresql(place, clock);
  return make_files(place, clock);
}

}  // namespace moult
