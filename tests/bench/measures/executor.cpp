// What the executor costs per step: queue, ledger, journal, audit log; the steps are empty.
#include <thread>

#include "drivers/sim/platform.hpp"
#include "orchestrator/ledger.hpp"
#include "orchestrator/phases/update_runner.hpp"
#include "tests/bench/measures/generated.hpp"
#include "tests/bench/measures/measures.hpp"
#include "tests/sim/sim_run.hpp"

namespace moult::bench {
namespace {

constexpr const char* kUtc = "2026-01-01T00:00:00.000Z";

UpdateQueue queue_of(std::size_t steps) {
  std::vector<UpdateQueue::Item> items;
  items.reserve(steps);
  for (std::size_t i = 0; i < steps; ++i) items.push_back({name_of(i), machine_of(i), {}, true});
  for (const auto& [before, after] : edges_of(steps)) items[after].after.insert(name_of(before));
  return UpdateQueue(std::move(items));
}

std::unique_ptr<Store> store_with_run() {
  auto store = make_memory_store();
  RunRecord run;
  run.id = "r1";
  run.appliance = "generated";
  run.state = "upgrading";
  run.created_utc = run.updated_utc = kUtc;
  good(store->journal().create_run(run, {kUtc, "bench"}));
  return store;
}

}  // namespace

nlohmann::json executor(std::size_t steps) {
  auto platform = good(make_sim_platform(test::two_machines(1)));
  auto store = store_with_run();
  test::Hooks observer;
  Ledger ledger(*store, platform->clock(), observer, "r1", "bench");
  std::size_t run = 0, bare = 0;
  const auto none = [&bare](const std::string&) -> Result<> { return ++bare, Result<>(); };
  const auto recorded = [&](const std::string& name) {
    return ledger.perform_plain("update", name, [&run]() -> Result<> { return ++run, Result<>(); });
  };
  const auto queue_ms = milliseconds([&] { good(run_updates(queue_of(steps), platform->workers(), none)); });
  const auto all_ms = milliseconds([&] { good(run_updates(queue_of(steps), platform->workers(), recorded)); });
  must(run == steps && bare == steps, "steps were not run");
  return {{"queue_ms", queue_ms}, {"all_ms", all_ms}};
}

}  // namespace moult::bench
