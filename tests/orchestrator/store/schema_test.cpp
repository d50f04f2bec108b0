#include <filesystem>

#include "catch.hpp"
#include "orchestrator/store/sqlite_open.hpp"
#include "orchestrator/store/sqlite_query.hpp"
#include "orchestrator/store/sqlite_schema.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

constexpr auto kWrite = SqliteDatabase::Mode::read_write;

std::string schema_of(SqliteDatabase& database) {
  std::string text;
  REQUIRE(database.read([&]() -> Result<> {
    Query query(database, "SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1");
    while (query.next()) text += query.text(0) + "\n";
    return {};
  }));
  return text;
}

}  // namespace

TEST_CASE("a newer schema is refused, for writing and for reading") {
  const TemporaryDirectory directory;
  REQUIRE(open_store(directory.state()));
  REQUIRE(tamper(directory.state(), "PRAGMA user_version = 99") == "");
  for (const auto& opened : {open_store(directory.state()), open_store_read_only(directory.state())}) {
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Code::refused);
    CHECK_THAT(opened.error().message, Catch::Contains("newer moult") && Catch::Contains("99"));
  }
}

TEST_CASE("an older schema is migrated with what is in it") {
  const TemporaryDirectory directory;
  const std::array first{kMigrations[0]};
  REQUIRE(open_database(directory.state(), kWrite, first));
  REQUIRE(tamper(directory.state(),
                 "INSERT INTO run (id, appliance, release, state, operator, created_utc, updated_utc, plan, options)"
                 " VALUES ('old', 'a', '1', 'ready', 'bob', 'u', 'u', '{}', '{}')") == "");
  CHECK(open_store_read_only(directory.state()).error().code == Code::refused);
  const auto store = std::move(open_store(directory.state()).value());
  CHECK(store->journal().run("old")->state == "ready");
  REQUIRE(store->journal().set_state({"old", "ready", "aborted", "{}", stamp()}));
  CHECK(verify_audit(store->audit())->good);
}

TEST_CASE("a migration that fails changes nothing") {
  const TemporaryDirectory directory;
  REQUIRE(open_database(directory.state(), kWrite, kMigrations));
  const std::array broken{kMigrations[0], kMigrations[1], std::string_view("CREATE TABLE half (a); CREATE TABL oops")};
  CHECK_FALSE(open_database(directory.state(), kWrite, broken));
  auto reopened = open_database(directory.state(), kWrite, kMigrations);
  REQUIRE(reopened);
  CHECK_THAT(schema_of(**reopened), !Catch::Contains("half"));
}

TEST_CASE("step by step and all at once lead to the same schema, which is this one") {
  const TemporaryDirectory slow, fast;
  for (std::size_t n = 1; n <= kMigrations.size(); ++n)
    REQUIRE(open_database(slow.state(), kWrite, std::span(kMigrations).first(n)));
  auto one = open_database(slow.state(), kWrite, kMigrations);
  auto other = open_database(fast.state(), kWrite, kMigrations);
  CHECK(schema_of(**one) == schema_of(**other));
  CHECK(schema_of(**other) ==
        "index audit_by_run\nindex step_by_run\n"
        "table audit\ntable audit_chain\ntable audit_head\ntable run\ntable run_value\ntable step\n"
        "trigger audit_chain_no_delete\ntrigger audit_chain_no_replace\ntrigger audit_chain_no_update\n"
        "trigger audit_head_no_delete\ntrigger audit_head_no_replace\ntrigger audit_head_no_update\n"
        "trigger audit_no_delete\ntrigger audit_no_replace\ntrigger audit_no_update\n");
}

TEST_CASE("a commit is in the write-ahead log and synced") {
  const TemporaryDirectory directory;
  auto database = std::move(open_database(directory.state(), kWrite, kMigrations).value());
  std::string mode;
  std::int64_t synchronous = 0, foreign_keys = 0;
  REQUIRE(database->read([&]() -> Result<> {
    Query journal(*database, "PRAGMA journal_mode");
    Query sync(*database, "PRAGMA synchronous");
    Query keys(*database, "PRAGMA foreign_keys");
    REQUIRE((journal.next() && sync.next() && keys.next()));
    mode = journal.text(0);
    synchronous = sync.number(0);
    foreign_keys = keys.number(0);
    return {};
  }));
  CHECK(mode == "wal");
  CHECK(synchronous == 2);
  CHECK(foreign_keys == 1);
}

TEST_CASE("a store is private to its owner") {
  using std::filesystem::perms;
  const TemporaryDirectory directory;
  const auto store = std::move(open_store(directory.state()).value());
  CHECK(std::filesystem::status(directory.state()).permissions() == perms::owner_all);
  for (const auto* name : {"/moult.db", "/moult.db-wal", "/moult.db-shm", "/store.lock"}) {
    INFO(name);
    CHECK(std::filesystem::status(directory.state() + name).permissions() == (perms::owner_read | perms::owner_write));
  }
}

TEST_CASE("reading needs a store, sees another's writes, and writes nothing") {
  const TemporaryDirectory directory;
  CHECK(open_store_read_only(directory.state()).error().code == Code::not_found);
  const auto writer = std::move(open_store(directory.state()).value());
  const auto reader = std::move(open_store_read_only(directory.state()).value());
  REQUIRE(writer->journal().create_run(a_run(), stamp()));
  CHECK(reader->journal().run("r1")->state == "planned");
  CHECK(verify_audit(reader->audit())->good);
  CHECK(reader->journal().put_value("r1", "k", "v").error().code == Code::refused);
  CHECK(reader->audit().append(an_entry("e")).error().code == Code::refused);
  const auto atomic = reader->atomically([&] { return reader->journal().put_value("r1", "k", "v"); });
  CHECK(atomic.error().code == Code::refused);
}
