#include <CLI/CLI.hpp>
#include <cstdio>

#include "descriptors/load.hpp"
#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/planning.hpp"
#include "orchestrator/level_report.hpp"
#include "orchestrator/prober.hpp"

namespace moult {
namespace {

struct ProbeArguments {
  std::string appliance, maintenance, format = "table";
};

/// The maintenance's rules, and the appliance's own for what the maintenance does not name.
struct Probing {
  ApplianceDescriptor appliance;
  std::optional<MaintenanceDescriptor> maintenance;

  [[nodiscard]] const MaintenanceDescriptor* with() const { return maintenance ? &*maintenance : nullptr; }
  [[nodiscard]] std::vector<LevelProbe> probes(Clock& clock) const {
    auto own = probes_of(appliance);
    if (!maintenance) return own;
    std::erase_if(own, [&](const auto& probe) { return maintenance->find_component(probe.component) != nullptr; });
    auto all = probes_of(*maintenance, clock);
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }
};

Result<Probing> load(const ProbeArguments& arguments) {
  if (!arguments.maintenance.empty()) {
    MOULT_ASSIGN(auto pair, load_pair(arguments.appliance, arguments.maintenance));
    return Probing{std::move(pair.appliance), std::move(pair.maintenance)};
  }
  auto loaded = load_appliance(arguments.appliance);
  if (!loaded.good()) return Unexpected(as_error(loaded.findings));
  if (loaded.value.components.empty())
    return fail(Code::usage, arguments.appliance + " names no components, so nothing says how their levels are found",
                "Add the vendor's maintenance descriptor to the command, or list `components` in the appliance "
                "descriptor (docs/descriptors.md).");
  return Probing{std::move(loaded.value), std::nullopt};
}

Result<> probe_command(Cli& cli, const ProbeArguments& arguments) {
  MOULT_ASSIGN(const auto probing, load(arguments));
  MOULT_ASSIGN(auto platform, cli.make_platform(cli.options, probing.appliance, probing.with()));
  const auto world = look_at_levels(probing.appliance, probing.probes(platform->clock()), *platform);
  const auto report = make_level_report(probing.appliance, probing.with(), world);
  std::fputs((arguments.format == "json" ? levels_to_json(report) : levels_to_table(report)).c_str(), stdout);
  return refuse_all(report.problems);
}

}  // namespace

void add_probe(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("probe", "Find the level of each component on each machine; changes nothing");
  auto arguments = std::make_shared<ProbeArguments>();
  command->add_option("APPLIANCE", arguments->appliance, "Appliance descriptor")->type_name("PATH")->required();
  command
      ->add_option("MAINTENANCE", arguments->maintenance,
                   "Maintenance descriptor: also compares with its targets, and says how levels are found where the "
                   "appliance descriptor lists no components")
      ->type_name("PATH");
  command->add_option("-o,--output", arguments->format, "table or json")
      ->type_name("FORM")
      ->check(CLI::IsMember({"table", "json"}));
  command->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return probe_command(cli, *arguments); }; });
}

}  // namespace moult
