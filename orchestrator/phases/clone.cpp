#include <atomic>
#include <nlohmann/json.hpp>

#include "orchestrator/cutover/timeline.hpp"
#include "orchestrator/phases/phases.hpp"

namespace moult {
namespace {

using nlohmann::json;

/// A freeze during the snapshot ends by itself after this long, whatever happens to us.
constexpr Millis kSnapshotLease{5000};

Result<> make_networks(RunContext& run) {
  for (const auto& uri : hosts_of(run.work.plan))
    MOULT_TRY(run.ledger.perform_plain("network.create", uri,
                                       [&] { return run.platform().network().create(run.id(), uri); }));
  return {};
}

Result<> place_helpers(RunContext& run) {
  return run.each_machine([&run](const MachinePair& pair) {
    return run.ledger.perform_plain("helper.place", pair.original.name, [&]() -> Result<> {
      MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.original));
      return session->files().sync({});
    });
  });
}

Result<> start_captures(RunContext& run) {
  for (auto& set : run.forward)
    MOULT_TRY(run.ledger.perform_plain("capture.start", set->name(), [&] { return set->start_capture(); }));
  return {};
}

/// Freeze times by machine, filled while the machines are frozen together.
struct Freezes {
  std::mutex mutex;
  std::map<std::string, Millis> took;
  std::map<std::string, Clock::Steady> begin;
};

Result<> sync_all(RunContext& run) {
  return run.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.original));
    return session->files().sync({});
  });
}

Result<> freeze_all(RunContext& run, Freezes& freezes) {
  return run.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.original));
    MOULT_ASSIGN(const auto blocked, session->files().freeze({}, kSnapshotLease));
    const std::lock_guard lock(freezes.mutex);
    freezes.begin[pair.original.name] = run.platform().clock().steady() - blocked;
    return {};
  });
}

Result<> thaw(RunContext& run, const MachinePair& pair, Freezes& freezes) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.original));
  auto held = session->files().thaw();
  if (!held) return pass(std::move(held));
  const std::lock_guard lock(freezes.mutex);
  freezes.took[pair.original.name] =
      std::chrono::duration_cast<Millis>(run.platform().clock().steady() - freezes.begin[pair.original.name]);
  if (!*held)
    return fail(Code::timeout, "the freeze ended by itself before the snapshot was complete",
                "The host is too slow or overloaded; try again when it is quieter.");
  return {};
}

/// Of machines that are frozen: none is thawed before all are, and each as soon as its own snapshot is there.
Result<> snapshot_frozen(RunContext& run, Freezes& freezes) {
  return run.each_machine([&](const MachinePair& pair) -> Result<> {
    auto taken = run.platform().cloner().snapshot(run.id(), pair.original);
    auto thawed = thaw(run, pair, freezes);
    MOULT_TRY(std::move(taken));
    return thawed;
  });
}

/// All machines at one moment. Thaws in any case; the first error counts.
Result<std::string> snapshot_together(RunContext& run, StallForecast& forecast) {
  Freezes freezes;
  Timeline timeline(run.platform().clock(), run.world.observer);
  timeline.start();
  auto frozen = sync_all(run);  // what was written since the first time
  timeline.mark("sync");
  if (frozen) frozen = freeze_all(run, freezes);
  timeline.mark("freeze");
  auto taken = frozen ? snapshot_frozen(run, freezes)
                      : run.each_machine([&](const MachinePair& pair) { return thaw(run, pair, freezes); });
  timeline.mark("snapshot");
  MOULT_TRY(std::move(frozen));
  MOULT_TRY(std::move(taken));
  json facts;
  Millis longest{0};
  for (const auto& [machine, took] : freezes.took) {
    facts["freeze_ms"][machine] = took.count();
    longest = std::max(longest, took);
  }
  for (const auto& [part, ms] : timeline.parts()) facts["parts_ms"][part] = ms;
  run.world.observer.note("original frozen for " + std::to_string(longest.count()) +
                          " ms while its disks were snapshot");
  forecast.measured("freeze", longest);
  return facts.dump();
}

Result<> take_snapshots(RunContext& run, StallForecast& forecast) {
  MOULT_TRY(run.each_machine([&run](const MachinePair& pair) {
    return run.ledger.perform_plain("overlay.prepare", pair.original.name,
                                    [&] { return run.platform().cloner().prepare(run.id(), pair.original); });
  }));
  MOULT_TRY(sync_all(run));
  return run.ledger.perform("snapshot", "", [&] { return snapshot_together(run, forecast); });
}

Result<> start_clones(RunContext& run) {
  MOULT_TRY(run.each_machine([&run](const MachinePair& pair) {
    return run.ledger.perform_plain("clone.create", pair.original.name,
                                    [&] { return run.platform().cloner().create_clone(run.id(), pair.original); });
  }));
  return run.each_machine([&run](const MachinePair& pair) {
    return run.ledger.perform_plain("clone.boot", pair.original.name, [&]() -> Result<> {
      auto session = run.sessions.of(pair.clone);
      if (!session) return pass(std::move(session));
      return {};
    });
  });
}

Result<std::string> compare(RunContext& run, DataStrategy& set, StallForecast& forecast) {
  MOULT_TRY(set.open_target());
  MOULT_ASSIGN(const auto report, set.round());
  run.world.observer.round_ended(set.name(), report, Millis{0});
  forecast.round(set.name(), report);
  return json{{"paths", report.paths}, {"bytes", report.bytes}, {"deletions", report.deletions}}.dump();
}

Result<> compare_once(RunContext& run, StallForecast& forecast) {
  for (auto& set : run.forward)
    MOULT_TRY(run.ledger.perform("data.compare", set->name(), [&] { return compare(run, *set, forecast); }));
  return {};
}

using Stage = std::function<Result<>()>;

Result<> go_through(RunContext& run, const std::vector<Stage>& stages) {
  for (const auto& stage : stages) {
    MOULT_TRY(run.world.interrupt.check());
    MOULT_TRY(stage());
  }
  return {};
}

}  // namespace

Result<> clone_appliance(RunContext& run, StallForecast& forecast) {
  return go_through(run, {
                             [&] { return make_networks(run); },
                             [&] { return place_helpers(run); },
                             [&] { return start_captures(run); },
                             [&] { return take_snapshots(run, forecast); },
                             [&] { return start_clones(run); },
                             [&] { return compare_once(run, forecast); },
                         });
}

Result<> clone_for_trial(RunContext& run, StallForecast& forecast) {
  return go_through(run, {
                             [&] { return make_networks(run); },
                             [&] { return place_helpers(run); },
                             [&] { return take_snapshots(run, forecast); },
                             [&] { return start_clones(run); },
                         });
}

}  // namespace moult
