#include <CLI/CLI.hpp>
#include <cstdio>

#include "descriptors/load.hpp"
#include "orchestrator/cli/cli.hpp"

namespace moult {
namespace {

Result<> validate(const std::vector<std::string>& files) {
  std::vector<Finding> findings;
  std::vector<ApplianceDescriptor> appliances;
  std::vector<MaintenanceDescriptor> maintenances;
  for (const auto& file : files) {
    auto any = load_any(file);
    std::visit(
        [&](auto& loaded) {
          findings.insert(findings.end(), loaded.findings.begin(), loaded.findings.end());
          if (!loaded.good()) return;
          std::printf("%s: good\n", file.c_str());
          if constexpr (std::is_same_v<std::decay_t<decltype(loaded.value)>, ApplianceDescriptor>)
            appliances.push_back(loaded.value);
          else
            maintenances.push_back(loaded.value);
        },
        any);
  }
  for (const auto& appliance : appliances)
    for (const auto& maintenance : maintenances) {
      if (appliance.id != maintenance.appliance) continue;
      const auto together = check_together(appliance, maintenance);
      findings.insert(findings.end(), together.begin(), together.end());
    }
  if (!findings.empty()) return Unexpected(as_error(findings));
  return {};
}

}  // namespace

void add_validate(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("validate", "Check descriptors; every finding of every file is printed at once");
  auto files = std::make_shared<std::vector<std::string>>();
  command
      ->add_option("FILE", *files,
                   "Appliance and maintenance descriptors; those of one appliance are also checked together")
      ->type_name("PATH")
      ->required();
  command->callback([&cli, files] { cli.chosen = [files] { return validate(*files); }; });
}

}  // namespace moult
