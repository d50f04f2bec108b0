#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "descriptors/base/text.hpp"
#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/launch.hpp"
#include "orchestrator/cli/planning.hpp"
#include "orchestrator/text_table.hpp"

namespace moult {
namespace {

struct CheckArguments {
  std::string appliance, maintenance, set, write;
};

const char* word_of(HookRow::Verdict verdict) {
  switch (verdict) {
    case HookRow::Verdict::good:
      return "good";
    case HookRow::Verdict::bad:
      return "BAD";
    case HookRow::Verdict::unchecked:
      return "-";
  }
  return "-";
}

Result<Argv> words_of(const std::string& text) {
  if (text.empty()) return Argv{};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  Argv words;
  if (json.is_array())
    for (const auto& word : json)
      if (word.is_string()) words.push_back(word.get<std::string>());
  if (!words.empty() && words.size() == json.size() && !words.front().empty()) return words;
  return fail(Code::usage, "--write takes a command as a list of words, and was given " + text,
              R"(Write for example --write '["ledger", "set", "probe", "1"]'.)");
}

/// What is left of the plan: the sets to be checked and their machines. Nothing is updated.
Result<> keep_hooks(Plan& plan, const std::string& set) {
  std::vector<std::string> known;
  for (const auto& data : plan.data)
    if (data.strategy == name_of(DataKind::hooks)) known.push_back(data.set);
  if (known.empty())
    return fail(Code::refused, "no data set of this maintenance is carried by hooks",
                "docs/descriptors.md says how one is.");
  if (!set.empty() && std::find(known.begin(), known.end(), set) == known.end())
    return fail(Code::not_found, "no data set that hooks carry is called " + set, "Known here: " + joined(known) + ".");
  std::erase_if(plan.data, [&](const PlannedData& data) {
    return data.strategy != name_of(DataKind::hooks) || (!set.empty() && data.set != set);
  });
  std::erase_if(plan.machines, [&](const PlannedMachine& machine) {
    return std::none_of(plan.data.begin(), plan.data.end(),
                        [&](const PlannedData& data) { return data.machine == machine.ref.name; });
  });
  plan.components.clear();
  plan.waves.clear();
  plan.critical_path.clear();
  return {};
}

Result<> print(const std::map<std::string, std::vector<HookRow>>& sets) {
  TextTable table({"SET", "CHECK", "VERDICT", "WHY"});
  std::size_t all = 0, bad = 0;
  for (const auto& [set, rows] : sets)
    for (const auto& row : rows) {
      table.add({set, row.check, word_of(row.verdict), row.reason});
      ++all;
      if (row.verdict == HookRow::Verdict::bad) ++bad;
    }
  std::fputs(table.text().c_str(), stdout);
  if (bad == 0) return {};
  return fail(Code::failed,
              std::to_string(bad) + " of " + std::to_string(all) + " checks found a promise that is not kept",
              "Mend the vendor's hooks; docs/descriptors.md has their contract.");
}

Result<> check_hooks_command(Cli& cli, const CheckArguments& arguments) {
  MOULT_ASSIGN(const auto write, words_of(arguments.write));
  MOULT_ASSIGN(auto pair, load_pair(arguments.appliance, arguments.maintenance));
  MOULT_TRY(refuse_taken(cli, pair.appliance.id));
  MOULT_ASSIGN(auto platform, cli.make_platform(cli.options, pair.appliance, &pair.maintenance));
  MOULT_ASSIGN(auto plan, plan_now(*platform, pair));
  MOULT_TRY(cli.interrupt.check());
  MOULT_TRY(keep_hooks(plan, arguments.set));
  MOULT_TRY(refuse_blocked(plan));
  RunOptions options;
  options.rehearse = true;  // who takes up a run of this kind undoes it again
  std::map<std::string, std::vector<HookRow>> found;
  const auto check = [&](Conductor& conductor) -> Result<RunEnd> {
    MOULT_ASSIGN(auto end, conductor.check_hooks(write));
    found = end.hooks;
    return end;
  };
  MOULT_TRY(launch(cli, *platform, std::move(pair), std::move(plan), options, "", check));
  return print(found);
}

}  // namespace

void add_vendor(CLI::App& app, Cli& cli) {
  auto* vendor = app.add_subcommand("vendor", "For who ships appliances: try what a release brings");
  vendor->require_subcommand(1);
  auto* command =
      vendor->add_subcommand("check-hooks", "Hold a data set's hooks to their contract, on a scratch clone");
  auto arguments = std::make_shared<CheckArguments>();
  command->add_option("APPLIANCE", arguments->appliance, "Appliance descriptor")->type_name("PATH")->required();
  command->add_option("MAINTENANCE", arguments->maintenance, "Maintenance descriptor")->type_name("PATH")->required();
  command->add_option("--set", arguments->set, "One set; all that hooks carry when left out")
      ->type_name("COMPONENT.NAME");
  command
      ->add_option("--write", arguments->write,
                   "A command that changes the data as a client would, run on the clone; MOULT_WRITE is another number "
                   "each time")
      ->type_name("[WORD,...]");
  command->callback(
      [&cli, arguments] { cli.chosen = [&cli, arguments] { return check_hooks_command(cli, *arguments); }; });
}

}  // namespace moult
