#include "orchestrator/store/checks.hpp"

#include <nlohmann/json.hpp>

#include "descriptors/base/digest.hpp"
#include "descriptors/base/text.hpp"
#include "orchestrator/store/facts.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxName = 255;

/// Like check_name, but may be empty.
Result<> check_optional(const char* what, const std::string& name) {
  if (name.empty()) return {};
  return check_name(what, name);
}

}  // namespace

Result<> check_time(const std::string& utc) {
  if (is_utc_text(utc)) return {};
  return fail(Code::invalid, "\"" + utc + "\" is no UTC time like 2024-05-01T10:00:00.000Z");
}

Result<> check_name(const char* what, const std::string& name) {
  if (name.empty()) return fail(Code::invalid, std::string("the ") + what + " is empty");
  if (name.size() > kMaxName) return fail(Code::invalid, std::string("the ") + what + " is longer than 255 bytes");
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return fail(Code::invalid, std::string("the ") + what + " has a control character in it");
  if (!valid_utf8(name)) return fail(Code::invalid, std::string("the ") + what + " is not UTF-8");
  return {};
}

Result<RunRecord> checked(RunRecord run, const Stamp& stamp) {
  MOULT_TRY(check_name("run's id", run.id));
  MOULT_TRY(check_name("appliance", run.appliance));
  MOULT_TRY(check_name("state", run.state));
  MOULT_TRY(check_optional("release", run.release));
  MOULT_TRY(check_optional("operator", run.operator_name));
  MOULT_TRY(check_time(run.created_utc));
  MOULT_TRY(check_time(stamp.utc));
  run.updated_utc = stamp.utc;
  return run;
}

Result<Intent> checked(Intent intent) {
  MOULT_TRY(check_name("step", intent.step));
  MOULT_TRY(check_optional("subject", intent.subject));
  MOULT_TRY(check_time(intent.utc));
  MOULT_ASSIGN(intent.facts, canonical_facts(intent.facts));
  return intent;
}

Result<AuditEntry> checked(AuditEntry entry) {
  MOULT_TRY(check_optional("run's id", entry.run));
  MOULT_TRY(check_optional("step", entry.step));
  MOULT_TRY(check_name("actor", entry.actor));
  MOULT_TRY(check_name("event", entry.event));
  MOULT_TRY(check_time(entry.utc));
  MOULT_ASSIGN(entry.facts, canonical_facts(entry.facts));
  return entry;
}

Result<> check_outcome(std::int64_t sequence, std::optional<StepOutcome> before, StepOutcome after) {
  if (!before || *before == after || *before == StepOutcome::unknown) return {};
  if (after == StepOutcome::undone && *before != StepOutcome::undone) return {};
  return fail(Code::refused, "step " + std::to_string(sequence) + " is already " + std::string(name_of(*before)) +
                                 ", so it cannot become " + std::string(name_of(after)));
}

Result<> check_state(const StateChange& change, const std::string& found) {
  if (found == change.from) return {};
  return fail(Code::refused,
              "run " + change.run + " is " + found + ", not " + change.from + ", so it cannot become " + change.to,
              "See `moult status " + change.run + "`.");
}

AuditEntry created_entry(const RunRecord& run, const Stamp& stamp) {
  const json facts{{"appliance", run.appliance},
                   {"release", run.release},
                   {"state", run.state},
                   {"operator", run.operator_name},
                   {"plan_sha256", sha256_hex(run.plan_json)},
                   {"options_sha256", sha256_hex(run.options_json)}};
  return {run.id, "", stamp.actor, stamp.utc, "run.created", facts.dump()};
}

Result<AuditEntry> state_entry(const StateChange& change) {
  MOULT_TRY(check_name("state", change.to));
  MOULT_ASSIGN(const auto canonical, canonical_json(change.facts));
  auto facts = json::parse(canonical);
  facts["from"] = change.from;
  facts["to"] = change.to;
  return checked(AuditEntry{change.run, "", change.stamp.actor, change.stamp.utc, "run.state", facts.dump()});
}

Unexpected no_such_run(const std::string& run) {
  return fail(Code::not_found, "there is no run " + run, "`moult runs` lists the runs.");
}

Unexpected no_such_step(std::int64_t sequence) {
  return fail(Code::not_found, "there is no step " + std::to_string(sequence) + " in the journal");
}

Unexpected run_exists(const std::string& run) { return fail(Code::refused, "run " + run + " exists already"); }

Unexpected nothing_to_sign() { return fail(Code::refused, "the audit log is empty, so there is nothing to sign"); }

}  // namespace moult
