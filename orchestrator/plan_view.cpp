#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/plan.hpp"
#include "orchestrator/text_table.hpp"

namespace moult {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  return fmt::format("{}", fmt::join(words, between));
}

void add_components(std::string& text, const Plan& plan) {
  TextTable table({"COMPONENT", "MACHINE", "FOUND", "TARGET", "VERDICT", "UPDATE"});
  for (const auto& row : plan.components)
    table.add({row.name, row.machine, row.found.empty() ? "-" : row.found, row.target,
               std::string(name_of(row.verdict)), row.verdict == Verdict::old ? row.update : "-"});
  text += table.text();
}

void add_waves(std::string& text, const Plan& plan) {
  text += "\nUpdate order\n";
  if (plan.waves.empty()) text += "  nothing to update\n";
  for (std::size_t i = 0; i < plan.waves.size(); ++i)
    text += fmt::format("  wave {}: {}\n", i + 1, joined(plan.waves[i], ", "));
  if (plan.critical_path.size() > 1) text += fmt::format("  longest chain: {}\n", joined(plan.critical_path, " -> "));
}

void add_data(std::string& text, const Plan& plan) {
  if (plan.data.empty()) return;
  text += "\nData that is carried over\n";
  TextTable table({"  SET", "MACHINE", "STRATEGY", "WHERE", "NEW FORM"});
  for (const auto& row : plan.data)
    table.add({"  " + row.set, row.machine, row.strategy, row.where,
               row.one_way    ? (row.migrates ? "migrated, one way" : "one way")
               : row.migrates ? "migrated"
                              : "as it is"});
  text += table.text();
}

void add_space(std::string& text, const Plan& plan) {
  if (plan.space.empty()) return;
  text += "\nDisk space for the clones\n";
  for (const auto& need : plan.space)
    text += fmt::format("  {} on {}: up to {} MiB of {} MiB free\n", need.directory, need.uri, need.needed_bytes >> 20U,
                        need.free_bytes >> 20U);
}

}  // namespace

std::string plan_to_table(const Plan& plan) {
  auto text = fmt::format("{} to release {}\n\n", plan.appliance, plan.release);
  add_components(text, plan);
  add_waves(text, plan);
  add_data(text, plan);
  add_space(text, plan);
  text += fmt::format("\nCutover\n  entry {}: {}\n", plan.entry,
                      plan.entry == "none" ? "clients see the switch" : "requests are held, none is refused");
  for (const auto& warning : plan.warnings) text += "warning: " + warning + "\n";
  return text;
}

std::string plan_to_dot(const Plan& plan, const MaintenanceDescriptor& maintenance) {
  std::string text = "digraph update {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const auto& row : plan.components)
    text += fmt::format("  \"{}\" [label=\"{}\\n{}\\n{} -> {}\"{}];\n", row.name, row.name, row.machine,
                        row.found.empty() ? "?" : row.found, row.target,
                        row.verdict == Verdict::old ? "" : ", style=dashed");
  for (const auto& component : maintenance.components) {
    for (const auto& before : component.after) text += fmt::format("  \"{}\" -> \"{}\";\n", before, component.name);
    for (const auto& requirement : component.requires_)
      text += fmt::format("  \"{}\" -> \"{}\" [style=dotted, label=\"{}\"];\n", requirement.component, component.name,
                          requirement.constraint);
  }
  return text + "}\n";
}

}  // namespace moult
