// Measures what a commit costs: store_commit_rate [DIRECTORY]. Prints one line for each kind of writing.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "orchestrator/store/audit_verify.hpp"
#include "orchestrator/store/store.hpp"

using namespace moult;

namespace {

constexpr const char* kUtc = "2024-05-01T10:00:00.000Z";

/// Writes `commits` times `rows` audit rows; rows per second, or 0 when one failed.
double rows_per_second(Store& store, int commits, int rows) {
  const auto begin = std::chrono::steady_clock::now();
  for (int commit = 0; commit < commits; ++commit) {
    const auto written = store.atomically([&]() -> Result<> {
      for (int row = 0; row < rows; ++row)
        MOULT_TRY(store.audit().append(
            {"r1", "switch", "alice", kUtc, "step.done", R"({"took_ms":83,"subject":"machine app"})"}));
      return {};
    });
    if (!written) return 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return commits * rows / took.count();
}

double milliseconds(const std::function<bool()>& action) {
  const auto begin = std::chrono::steady_clock::now();
  if (!action()) return -1;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// One step as the orchestrator writes it: an intent, then its outcome with an audit row; microseconds each.
double step_microseconds(Store& store, int steps) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) {
    const auto step = store.journal().intend({"r1", "switch", "machine app", "{}", kUtc});
    if (!step) return 0;
    const auto concluded = store.atomically([&]() -> Result<> {
      MOULT_TRY(store.journal().conclude(*step, StepOutcome::done, R"({"took_ms":83})", kUtc));
      MOULT_TRY(store.audit().append({"r1", "switch", "alice", kUtc, "step.done", R"({"took_ms":83})"}));
      return {};
    });
    if (!concluded) return 0;
  }
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / steps;
}

void measure(const char* kind, Store& store) {
  RunRecord run;
  run.id = "r1";
  run.appliance = "a";
  run.state = "planned";
  run.created_utc = kUtc;
  if (!store.journal().create_run(run, {kUtc, "alice"})) return;
  std::printf("%-7s one row a commit: %9.0f rows/s\n", kind, rows_per_second(store, 3000, 1));
  std::printf("%-7s 10 rows a commit: %9.0f rows/s\n", kind, rows_per_second(store, 1000, 10));
  std::printf("%-7s 100 rows a commit: %8.0f rows/s\n", kind, rows_per_second(store, 300, 100));
  std::printf("%-7s a step (intent; outcome and audit row): %.0f us\n", kind, step_microseconds(store, 2000));
  std::printf("%-7s verify what was written: %.0f ms\n", kind,
              milliseconds([&] { return verify_audit(store.audit())->good; }));
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path base = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const auto state = (base / "moult-commit-rate").string();
  {
    const auto store = open_store(state);
    if (!store) return std::fprintf(stderr, "%s\n", store.error().describe().c_str()), 1;
    measure("sqlite", **store);
  }
  std::printf("%-7s open with its check: %.1f ms\n", "sqlite",
              milliseconds([&] { return open_store(state).has_value(); }));
  measure("memory", *make_memory_store());
  std::filesystem::remove_all(state);
  return 0;
}
