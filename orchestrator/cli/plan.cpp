#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "descriptors/base/text.hpp"
#include "drivers/component_driver.hpp"
#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/planning.hpp"
#include "orchestrator/prober.hpp"

namespace moult {

Result<Plan> plan_now(Platform& platform, const DescriptorPair& pair) {
  auto plan = make_plan(pair.appliance, pair.maintenance, look(pair.appliance, pair.maintenance, platform));
  if (auto payload = check_payload(pair.maintenance); !payload) plan.blockers.push_back(std::move(payload).error());
  auto entry = platform.entry(pair.appliance.entry);
  auto ready = entry ? (*entry)->ready(Millis{0}) : Result<>(Unexpected(entry.error()));
  if (!ready) plan.blockers.push_back(std::move(ready).error().within("entry " + plan.entry));
  return plan;
}

Result<> refuse_all(const std::vector<Error>& problems) {
  if (problems.empty()) return {};
  auto first = problems.front();
  for (std::size_t i = 1; i < problems.size(); ++i) {
    first.message += "\n  " + problems[i].describe();
    if (!problems[i].remedy.empty() && problems[i].remedy != first.remedy)
      first.message += " (" + problems[i].remedy + ")";
  }
  return Unexpected(std::move(first));
}

Result<> refuse_one_way(const Plan& plan, const RunOptions& options) {
  const auto sets = one_way_sets(plan);
  if (sets.empty() || options.rehearse || !plan.blockers.empty() || plan.nothing_to_do()) return {};
  if (options.confirm_within)
    return fail(
        Code::refused,
        "--confirm-within would go back by itself, and lose what was written to " + joined(sets) +
            " after the cutover: its descriptor names no `downgrade`, or `reverse: none` or `rollback: snapshot`",
        "Leave out --confirm-within, or ask the vendor for a `downgrade`.");
  if (options.accept_one_way) return {};
  return fail(Code::refused,
              "after the cutover there would be no way back that keeps what is written to " + joined(sets) +
                  ": its descriptor names no `downgrade`, or `reverse: none` or `rollback: snapshot`",
              "Add --accept-one-way to cut over all the same, or ask the vendor for a `downgrade`; --rehearse needs "
              "neither.");
}

Result<> refuse_blocked(const Plan& plan) { return refuse_all(plan.blockers); }

namespace {

struct PlanArguments {
  std::string appliance, maintenance, format = "table", out;
};

Result<> plan_command(Cli& cli, const PlanArguments& arguments) {
  MOULT_ASSIGN(const auto pair, load_pair(arguments.appliance, arguments.maintenance));
  MOULT_ASSIGN(auto platform, cli.make_platform(cli.options, pair.appliance, &pair.maintenance));
  MOULT_ASSIGN(const auto plan, plan_now(*platform, pair));
  const auto text = arguments.format == "json"  ? plan_to_json(plan)
                    : arguments.format == "dot" ? plan_to_dot(plan, pair.maintenance)
                                                : plan_to_table(plan);
  std::fputs(text.c_str(), stdout);
  if (!arguments.out.empty()) {
    auto written = plan;  // it may be applied from another directory
    written.appliance_file = std::filesystem::absolute(plan.appliance_file).string();
    written.maintenance_file = std::filesystem::absolute(plan.maintenance_file).string();
    MOULT_TRY(write_file(arguments.out, plan_to_json(written)));
    std::fprintf(stderr, "moult: plan written to %s; run it with `moult apply %s`\n", arguments.out.c_str(),
                 arguments.out.c_str());
  }
  return refuse_blocked(plan);
}

}  // namespace

void add_plan(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("plan", "Say what an upgrade would do; changes nothing");
  auto arguments = std::make_shared<PlanArguments>();
  command->add_option("APPLIANCE", arguments->appliance, "Appliance descriptor")->type_name("PATH")->required();
  command->add_option("MAINTENANCE", arguments->maintenance, "Maintenance descriptor")->type_name("PATH")->required();
  command->add_option("-o,--output", arguments->format, "table, json, or dot for Graphviz")
      ->type_name("FORM")
      ->check(CLI::IsMember({"table", "json", "dot"}));
  command->add_option("--out", arguments->out, "Also write the plan to FILE, for review and `moult apply FILE`")
      ->type_name("FILE");
  command->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return plan_command(cli, *arguments); }; });
}

}  // namespace moult
