#include "orchestrator/run_folder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "descriptors/load.hpp"
#include "orchestrator/store/state_dir.hpp"

namespace moult {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAppliance = "/appliance.yaml";
constexpr const char* kMaintenance = "/maintenance.yaml";

Result<> copy_into(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return fail(Code::io, "cannot copy " + from + " to " + to + ": " + error.message());
  return {};
}

/// The copy must be what was approved; the plan knows the digest.
template <typename T>
Result<T> reload(Loaded<T> loaded, const std::string& sha256) {
  if (!loaded.good()) return Unexpected(as_error(loaded.findings));
  if (loaded.value.sha256 != sha256)
    return fail(Code::invalid, loaded.value.source + " is not the file that this run was approved with",
                "Put back the file with the SHA-256 " + sha256 + ".");
  return std::move(loaded.value);
}

std::string known_runs(Journal& journal) {
  const auto runs = journal.runs();
  if (!runs || runs->empty()) return "There are no runs in this state directory.";
  std::string text = "Known runs:";
  for (const auto& run : *runs) text += " " + run.id;
  return text;
}

}  // namespace

std::string run_folder(const std::string& state_dir, const std::string& run) { return state_dir + "/runs/" + run; }

std::string new_run_id(const Clock& clock) {
  static constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";
  std::random_device random;
  auto id = fmt::format("{:%y%m%d}-", fmt::gmtime(std::chrono::system_clock::to_time_t(clock.utc())));
  for (int i = 0; i < 4; ++i) id += kLetters[random() % kLetters.size()];
  return id;
}

Result<> begin_run(Store& store, const std::string& state_dir, const RunContext::Work& work, const Stamp& stamp) {
  const auto folder = run_folder(state_dir, work.id);
  MOULT_TRY(make_private_directory(folder));
  MOULT_TRY(copy_into(work.plan.appliance_file, folder + kAppliance));
  MOULT_TRY(copy_into(work.plan.maintenance_file, folder + kMaintenance));
  RunRecord record;
  record.id = work.id;
  record.appliance = work.plan.appliance;
  record.release = work.plan.release;
  record.state = std::string(name_of(RunState::planned));
  record.operator_name = stamp.actor;
  record.created_utc = record.updated_utc = stamp.utc;
  record.plan_json = plan_to_json(work.plan);
  record.options_json = options_to_json(work.options);
  return store.journal().create_run(record, stamp);
}

Result<StoredRun> stored_run(Journal& journal, const std::string& state_dir, const std::string& run) {
  auto record = journal.run(run);
  if (!record) {
    if (record.error().code != Code::not_found) return pass(std::move(record));
    return fail(Code::not_found, "there is no run " + run + " in " + state_dir, known_runs(journal));
  }
  StoredRun stored;
  const auto state = run_state_of(record->state);
  if (!state)
    return fail(Code::invalid, "run " + run + " is in a state unknown here: " + record->state,
                "Use the moult that wrote it.");
  stored.state = *state;
  const auto folder = run_folder(state_dir, run);
  stored.work.id = run;
  stored.work.spool = folder;
  MOULT_ASSIGN(stored.work.plan, plan_from_json(record->plan_json));
  MOULT_ASSIGN(stored.work.options, options_from_json(record->options_json));
  MOULT_ASSIGN(stored.work.appliance, reload(load_appliance(folder + kAppliance), stored.work.plan.appliance_sha256));
  MOULT_ASSIGN(stored.work.maintenance,
               reload(load_maintenance(folder + kMaintenance), stored.work.plan.maintenance_sha256));
  return stored;
}

}  // namespace moult
