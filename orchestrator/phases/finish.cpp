#include "drivers/component_driver.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/serving.hpp"

namespace moult {
namespace {

/// Payloads and the helper leave the clone, which is the appliance now.
Result<> clean_guest(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.clone));
  MOULT_TRY(session->files().stop_capture());
  MOULT_TRY(stop_captures(run, run.back, pair));
  for (const auto& component : run.work.maintenance.components)
    if (component.machine == pair.original.name && run.is_updated(component.name))
      MOULT_TRY(
          make_component_driver(run.work.maintenance, component, run.platform().clock())->forget(session->access()));
  Command command;
  command.argv = {"rm", "-rf", "/var/tmp/moult-" + run.id()};
  MOULT_ASSIGN(const auto outcome, session->access().run(command));
  if (!outcome.good())
    return fail(Code::failed, "cannot remove the payloads from " + pair.clone.domain + ": " + outcome.err);
  return run.sessions.remove(pair.clone);
}

}  // namespace

Result<> finish_run(RunContext& run) {
  const auto settle = [&run](const MachinePair& pair) -> Result<> {
    const auto& name = pair.original.name;
    MOULT_TRY(run.ledger.perform_plain("helper.remove", name, [&] { return clean_guest(run, pair); }));
    run.sessions.drop(pair.original);
    return run.ledger.perform_plain("consolidate", name, [&]() -> Result<> {
      MOULT_TRY(restore_autostart(run, pair, Kept::clone));
      return run.platform().cloner().consolidate(run.id(), pair.original);
    });
  };
  MOULT_TRY(run.each_machine(settle));
  for (const auto& uri : hosts_of(run.work.plan))
    MOULT_TRY(run.ledger.perform_plain("network.remove", uri,
                                       [&] { return run.platform().network().remove(run.id(), uri); }));
  return {};
}

}  // namespace moult
