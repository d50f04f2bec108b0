#include <csignal>

#include "drivers/sim/platform.hpp"
#include "orchestrator/cli/cli.hpp"
#include "orchestrator/main/libvirt_platform.hpp"

namespace {

moult::Interrupt* asked_of = nullptr;

extern "C" void on_signal(int) { asked_of->ask(); }

/// Without SA_RESTART: a blocking read of an answer ends at once.
void watch_signals(moult::Interrupt& interrupt) {
  asked_of = &interrupt;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error of the write
}

moult::Result<std::unique_ptr<moult::Platform>> make_platform(const moult::GlobalOptions& options,
                                                              const moult::ApplianceDescriptor& appliance,
                                                              const moult::MaintenanceDescriptor* maintenance) {
  if (options.driver == "sim") {
    moult::SimOptions sim;
    sim.appliance = appliance;
    if (maintenance != nullptr) sim.maintenance = *maintenance;
    sim.world_file = options.sim_world;
    MOULT_ASSIGN(auto platform, moult::make_sim_platform(sim));
    return platform;
  }
  MOULT_ASSIGN(const auto helper, moult::find_helper());
  return moult::make_libvirt_platform(helper);
}

}  // namespace

int main(int argc, char** argv) {
  moult::Cli cli;
  cli.make_platform = make_platform;
  watch_signals(cli.interrupt);
  return moult::run_cli(argc, argv, cli);
}
