// The audit log and the journal on disk, beside the same rows without a chain, and beside the disk's own sync.
#include "orchestrator/store/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "orchestrator/store/audit_verify.hpp"
#include "tests/bench/measures/measures.hpp"
#include "tests/bench/measures/unchained.hpp"

namespace moult::bench {
namespace {

constexpr const char* kUtc = "2026-01-01T00:00:00.000Z";
constexpr const char* kFacts = R"({"took_ms":83,"subject":"machine app"})";

void append(Store& store, std::size_t commits, std::size_t group) {
  for (std::size_t commit = 0; commit < commits; ++commit)
    good(store.atomically([&]() -> Result<> {
      for (std::size_t row = 0; row < group; ++row)
        MOULT_TRY(store.audit().append({"r1", "switch", "alice", kUtc, "step.done", kFacts}));
      return {};
    }));
}

/// Steps as a run writes them: the intent, then its outcome together with an audit row.
void steps(Store& store, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto step = good(store.journal().intend({"r1", "switch", "machine app", "{}", kUtc}));
    good(store.atomically([&]() -> Result<> {
      MOULT_TRY(store.journal().conclude(step, StepOutcome::done, R"({"took_ms":83})", kUtc));
      MOULT_TRY(store.audit().append({"r1", "switch", "alice", kUtc, "step.done", kFacts}));
      return {};
    }));
  }
}

/// Pages appended and synced, as a commit of SQLite's write-ahead log is at least one.
void sync_pages(const std::string& path, std::size_t count) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  must(fd >= 0, "cannot make the file to sync");
  const std::array<char, 4096> page{};
  for (std::size_t i = 0; i < count; ++i)
    must(::write(fd, page.data(), page.size()) == static_cast<ssize_t>(page.size()) && ::fdatasync(fd) == 0,
         "cannot sync");
  ::close(fd);
}

RunRecord a_run() {
  RunRecord run;
  run.id = "r1";
  run.appliance = "a";
  run.state = "planned";
  run.created_utc = run.updated_utc = kUtc;
  return run;
}

}  // namespace

nlohmann::json store(const std::string& directory, std::size_t commits, std::size_t group) {
  const auto state = std::filesystem::path(directory) / "state";
  std::filesystem::create_directories(state);
  auto opened = good(open_store(state.string()));
  good(opened->journal().create_run(a_run(), {kUtc, "alice"}));
  UnchainedLog unchained(directory + "/unchained.db");
  const auto rows = static_cast<double>(commits * group);
  const auto per_row = [&](double ms) { return ms * 1e3 / rows; };
  nlohmann::json figures;
  figures["unchained_us"] = per_row(milliseconds([&] { unchained.write(commits, group); }));
  figures["chained_us"] = per_row(milliseconds([&] { append(*opened, commits, group); }));
  figures["sync_us"] =
      milliseconds([&] { sync_pages(directory + "/pages", commits); }) * 1e3 / static_cast<double>(commits);
  figures["step_us"] = milliseconds([&] { steps(*opened, commits); }) * 1e3 / static_cast<double>(commits);
  AuditReport report;
  const auto verify_ms = milliseconds([&] { report = good(verify_audit(opened->audit())); });
  must(report.good, "the log does not verify");
  figures["verify_us"] = verify_ms * 1e3 / static_cast<double>(report.rows);
  figures["rows"] = report.rows;
  return figures;
}

}  // namespace moult::bench
