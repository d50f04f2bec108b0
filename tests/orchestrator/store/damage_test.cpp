#include <fstream>

#include "catch.hpp"
#include "orchestrator/store/salvage.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

/// A closed store with enough in it that the tables span many pages.
struct Filled {
  TemporaryDirectory directory;
  std::string state = directory.state();
  std::string file = state + "/moult.db";

  Filled() {
    const auto store = std::move(open_store(state).value());
    REQUIRE(store->journal().create_run(a_run(), stamp()));
    REQUIRE(store->journal().create_run(a_run("r2"), stamp()));
    REQUIRE(store->atomically([&]() -> Result<> {
      for (int i = 0; i < 1000; ++i)
        MOULT_TRY(
            store->journal().intend({"r1", "step", "machine " + std::to_string(i), R"({"disk":"/var/lib/x"})", kUtc}));
      MOULT_TRY(store->journal().put_value("r1", "chain app", "base <- top"));
      return {};
    }));
  }

  void overwrite(std::streamoff at, std::size_t size) const {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at);
    stream << std::string(size, '\x5a');
  }
};

void check_refused(const std::string& state) {
  for (const auto& opened : {open_store(state), open_store_read_only(state)}) {
    REQUIRE_FALSE(opened);
    INFO(opened.error().describe());
    CHECK(opened.error().code == Code::invalid);
    CHECK_THAT(opened.error().message, Catch::Contains("can still be read"));
    CHECK_THAT(opened.error().remedy, Catch::Contains("docs/recovery.md"));
  }
}

}  // namespace

TEST_CASE("a file of something else is refused") {
  const Filled store;
  std::ofstream(store.file, std::ios::trunc) << "these are not the bytes of a journal, but of a letter to a friend";
  check_refused(store.state);
}

TEST_CASE("an empty file is damage, not a new store") {
  const Filled store;
  std::filesystem::resize_file(store.file, 0);
  check_refused(store.state);
}

TEST_CASE("a truncated file is refused, wherever it ends") {
  for (const double part : {0.1, 0.5, 0.9}) {
    const Filled store;
    const auto size = static_cast<double>(std::filesystem::file_size(store.file));
    std::filesystem::resize_file(store.file, static_cast<std::uintmax_t>(size * part));
    check_refused(store.state);
  }
}

TEST_CASE("another program's database is refused") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.state());
  REQUIRE(tamper(directory.state(), "CREATE TABLE run (id TEXT)") == "");
  check_refused(directory.state());
}

TEST_CASE("overwritten pages are refused, and what lies around them can still be read") {
  const Filled store;
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(store.file));
  store.overwrite(size / 2 / 4096 * 4096, 4096);
  check_refused(store.state);
  const auto salvage = salvage_store(store.state);
  CHECK(salvage.runs.size() == 2);
  CHECK(salvage.steps.size() > 100);
  CHECK(salvage.steps.size() < 1000);
  CHECK(salvage.values.at("r1").at("chain app") == "base <- top");
  CHECK_FALSE(salvage.problems.empty());
  CHECK_THAT(salvage.describe(), Catch::StartsWith("2 runs (r1: planned, r2: planned), "));
}

TEST_CASE("salvage of a sound store reads all of it") {
  const Filled store;
  const auto salvage = salvage_store(store.state);
  CHECK(salvage.describe() == "2 runs (r1: planned, r2: planned), 1000 steps and 1 value can still be read");
  CHECK(salvage.problems.empty());
}

TEST_CASE("salvage of nothing says so") {
  const TemporaryDirectory directory;
  const auto salvage = salvage_store(directory.state());
  CHECK(salvage.describe() == "0 runs, 0 steps and 0 values can still be read");
  CHECK(salvage.problems.size() == 1);
}

TEST_CASE("a store that has gone while its head is still there is not begun anew") {
  const Filled store;
  REQUIRE(open_store(store.state).value()->audit().sign_head(kUtc));
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(store.file + suffix);
  const auto opened = open_store(store.state);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::invalid);
  CHECK_THAT(opened.error().message, Catch::Contains("gone"));
}
