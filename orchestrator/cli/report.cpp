#include "orchestrator/cli/report.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "descriptors/base/text.hpp"

namespace moult {
namespace {

using json = nlohmann::ordered_json;  // what has an order keeps it

void add_row(RunReport& report, const AuditRow& row) {
  const auto facts = json::parse(row.facts, nullptr, false);
  if (facts.is_discarded()) return;
  if (row.step == "update" && row.event == "step.done") report.updated.push_back(facts.value("component", ""));
  if (row.step == "snapshot" && facts.contains("freeze_ms")) facts.at("freeze_ms").get_to(report.freeze_ms);
  if (row.event == "run.failed") report.error = facts.value("error", "");
  if (row.event == "run.rehearsed") report.forecast_ms = facts.value("forecast_stall_ms", 0.0);
  if (facts.contains("stall_ms")) {
    facts.at("stall_ms").get_to(report.stall_ms);
    report.stall_parts_ms.clear();
    for (const auto& part : facts.value("parts", json::array()))
      report.stall_parts_ms.emplace_back(part.at("part"), part.at("ms"));
  }
  if (row.event == "data.round") {
    ++report.rounds;
    report.paths += facts.value("paths", std::uint64_t{0});
    report.bytes += facts.value("bytes", std::uint64_t{0});
  }
}

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

std::string next_step(const RunReport& report) {
  const auto& id = report.run.id;
  if (report.run.state == name_of(RunState::confirming))
    return fmt::format(
        "The clone serves; the original is sealed and kept.\n  moult finish {}     give the way back up\n"
        "  moult rollback {}   {}\n",
        id, id,
        report.one_way.empty() ? "go back, with every write"
                               : "refused: what was written to " + joined(report.one_way) + " would be lost");
  if (report.run.state == name_of(RunState::ready))
    return fmt::format("  moult cutover {}\n  moult abort {}\n", id, id);
  if (const auto state = run_state_of(report.run.state); state && is_over(*state)) return {};
  return fmt::format("  moult resume {}   go on, if no moult works on it any more\n  moult abort {}    undo it\n", id,
                     id);
}

}  // namespace

Result<RunReport> report_of(Store& store, const std::string& run) {
  RunReport report;
  MOULT_ASSIGN(const auto record, store.journal().run(run));
  report.run = record;
  MOULT_ASSIGN(const auto plan, plan_from_json(record.plan_json));
  for (const auto& component : plan.components)
    if (component.verdict == Verdict::current) report.skipped.push_back(component.name);
  report.one_way = one_way_sets(plan);
  MOULT_TRY(read_run(store.audit(), run, [&report](const AuditRow& row) -> Result<> {
    add_row(report, row);
    return {};
  }));
  return report;
}

std::string report_to_json(const RunReport& report) {
  auto parts = json::object();
  for (const auto& [part, ms] : report.stall_parts_ms) parts[part] = ms;
  return json{{"run", report.run.id},          {"appliance", report.run.appliance},
              {"release", report.run.release}, {"state", report.run.state},
              {"updated", report.updated},     {"skipped", report.skipped},
              {"one_way", report.one_way},     {"freeze_ms", report.freeze_ms},
              {"stall_ms", report.stall_ms},   {"stall_parts_ms", parts},
              {"rounds", report.rounds},       {"paths", report.paths},
              {"bytes", report.bytes},         {"forecast_stall_ms", report.forecast_ms},
              {"error", report.error},         {"peak_rss_mib", peak_rss_mib()}}
             .dump(2) +
         "\n";
}

std::string report_to_text(const RunReport& report) {
  auto text =
      fmt::format("run {}: {} to {}: {}\n", report.run.id, report.run.appliance, report.run.release, report.run.state);
  if (!report.updated.empty()) text += fmt::format("  updated: {}\n", fmt::join(report.updated, ", "));
  if (!report.skipped.empty()) text += fmt::format("  current already: {}\n", fmt::join(report.skipped, ", "));
  if (report.rounds > 0)
    text += fmt::format("  carried over: {} paths, {} bytes in {} round{}\n", report.paths, report.bytes, report.rounds,
                        report.rounds == 1 ? "" : "s");
  if (report.stall_ms > 0) {
    text += fmt::format("  stall: {:.0f} ms (", report.stall_ms);
    const char* between = "";
    for (const auto& [part, ms] : report.stall_parts_ms) {
      text += fmt::format("{}{} {:.0f}", between, part, ms);
      between = ", ";
    }
    text += ")\n";
  }
  if (!report.error.empty()) text += "  failed: " + report.error + "\n";
  return text + next_step(report);
}

std::string report_to_text(const RunReport& report, const RunEnd& end) {
  auto text = report_to_text(report);
  if (end.forecast) text += fmt::format("  rehearsed: the stall would have been about {} ms\n", end.forecast->count());
  return text;
}

Result<> refuse_unfinished(Journal& journal, const std::string& appliance) {
  MOULT_ASSIGN(const auto runs, journal.runs());
  for (const auto& run : runs) {
    const auto state = run_state_of(run.state);
    if (run.appliance != appliance || (state && is_over(*state))) continue;
    return fail(Code::refused, "run " + run.id + " of " + appliance + " is still " + run.state,
                run.state == name_of(RunState::confirming)
                    ? "End it with `moult finish " + run.id + "` or `moult rollback " + run.id + "`."
                    : "Undo it with `moult abort " + run.id + "`.");
  }
  return {};
}

}  // namespace moult
