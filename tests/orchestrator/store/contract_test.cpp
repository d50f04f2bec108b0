// What every kind of store promises.
#include <memory>
#include <thread>

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

struct Sqlite {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = std::move(open_store(directory.state()).value());
};

struct Memory {
  std::unique_ptr<Store> store = make_memory_store();
};

}  // namespace

TEMPLATE_TEST_CASE("a run is found as it was created", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  const auto run = journal.run("r1");
  REQUIRE(run);
  CHECK(run->appliance == "org.example.notes");
  CHECK(run->release == "2.0.0");
  CHECK(run->state == "planned");
  CHECK(run->operator_name == "alice");
  CHECK(run->created_utc == kUtc);
  CHECK(run->updated_utc == kUtc);
  CHECK(run->plan_json == "{\"b\": 1, \"a\":2}");
}

TEMPLATE_TEST_CASE("a run's id is taken once", "", Sqlite, Memory) {
  TestType kind;
  REQUIRE(kind.store->journal().create_run(a_run(), stamp()));
  const auto again = kind.store->journal().create_run(a_run(), stamp());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::refused);
  CHECK(rows_of(kind.store->audit()).size() == 1);
}

TEMPLATE_TEST_CASE("runs are listed oldest first", "", Sqlite, Memory) {
  TestType kind;
  for (const auto* id : {"z", "a", "m"}) REQUIRE(kind.store->journal().create_run(a_run(id), stamp()));
  const auto runs = kind.store->journal().runs();
  REQUIRE(runs);
  REQUIRE(runs->size() == 3);
  CHECK((*runs)[0].id == "z");
  CHECK((*runs)[1].id == "a");
  CHECK((*runs)[2].id == "m");
}

TEMPLATE_TEST_CASE("a state changes only from the state that was expected, with its audit row", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  REQUIRE(journal.set_state({"r1", "planned", "cloning", R"({"why":"word given"})", stamp(kLater)}));
  const auto stale = journal.set_state({"r1", "planned", "aborted", "{}", stamp(kLater)});
  REQUIRE_FALSE(stale);
  CHECK(stale.error().code == Code::refused);
  CHECK_THAT(stale.error().message, Catch::Contains("cloning"));
  CHECK(journal.run("r1")->state == "cloning");
  CHECK(journal.run("r1")->updated_utc == kLater);
  const auto rows = rows_of(kind.store->audit());
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].event == "run.state");
  CHECK(rows[1].facts == R"({"from":"planned","to":"cloning","why":"word given"})");
}

TEMPLATE_TEST_CASE("an intent without an outcome stays visible", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  const auto first = journal.intend({"r1", "snapshot", "machine app", R"({"z":1,"a":2})", kUtc});
  const auto second = journal.intend({"r1", "switch", "", "{}", kUtc});
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*second > *first);
  REQUIRE(journal.conclude(*first, StepOutcome::done, R"({"took_ms":3})", kLater));
  const auto steps = journal.steps("r1");
  REQUIRE(steps);
  REQUIRE(steps->size() == 2);
  CHECK((*steps)[0].subject == "machine app");
  CHECK((*steps)[0].facts == R"({"a":2,"z":1})");
  CHECK((*steps)[0].outcome == StepOutcome::done);
  CHECK((*steps)[0].outcome_facts == R"({"took_ms":3})");
  CHECK((*steps)[0].concluded_utc == kLater);
  CHECK_FALSE((*steps)[1].outcome.has_value());
}

TEMPLATE_TEST_CASE("outcomes change only as they may", "", Sqlite, Memory) {
  struct Change {
    StepOutcome before, after;
    bool allowed;
  };
  using enum StepOutcome;
  const std::vector<Change> table{
      {done, done, true},    {done, failed, false},   {done, undone, true},    {done, unknown, false},
      {failed, done, false}, {failed, failed, true},  {failed, undone, true},  {failed, unknown, false},
      {undone, done, false}, {undone, failed, false}, {undone, undone, true},  {undone, unknown, false},
      {unknown, done, true}, {unknown, failed, true}, {unknown, undone, true}, {unknown, unknown, true},
  };
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  for (const auto& row : table) {
    const auto step = journal.intend({"r1", "step", "", "{}", kUtc});
    REQUIRE(step);
    REQUIRE(journal.conclude(*step, row.before, "{}", kUtc));
    const auto changed = journal.conclude(*step, row.after, "{}", kLater);
    INFO(name_of(row.before) << " to " << name_of(row.after));
    CHECK(changed.has_value() == row.allowed);
    CHECK(journal.steps("r1")->back().outcome == (row.allowed ? row.after : row.before));
  }
}

TEMPLATE_TEST_CASE("values are kept to the byte, and the last put counts", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  const std::string bytes("{ \"b\":1,\0x }", 12);
  REQUIRE(journal.put_value("r1", "chain app", "old"));
  REQUIRE(journal.put_value("r1", "chain app", bytes));
  REQUIRE(journal.put_value("r1", "nic", ""));
  const auto values = journal.values("r1");
  REQUIRE(values);
  CHECK(*values == std::map<std::string, std::string>{{"chain app", bytes}, {"nic", ""}});
  CHECK(journal.value("r1", "chain app").value() == bytes);
  CHECK(journal.value("r1", "other").error().code == Code::not_found);
}

TEMPLATE_TEST_CASE("what does not exist is not found, and nothing is written", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  CHECK(journal.run("r9").error().code == Code::not_found);
  CHECK(journal.set_state({"r9", "a", "b", "{}", stamp()}).error().code == Code::not_found);
  CHECK(journal.intend({"r9", "step", "", "{}", kUtc}).error().code == Code::not_found);
  CHECK(journal.conclude(7, StepOutcome::done, "{}", kUtc).error().code == Code::not_found);
  CHECK(journal.steps("r9").error().code == Code::not_found);
  CHECK(journal.put_value("r9", "k", "v").error().code == Code::not_found);
  CHECK(journal.values("r9").error().code == Code::not_found);
  CHECK(rows_of(kind.store->audit()).empty());
}

TEMPLATE_TEST_CASE("malformed input is invalid", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  CHECK(journal.create_run(a_run(""), stamp()).error().code == Code::invalid);
  CHECK(journal.create_run(a_run("r\n1"), stamp()).error().code == Code::invalid);
  CHECK(journal.create_run(a_run("r\xff"), stamp()).error().code == Code::invalid);
  CHECK(journal.create_run(a_run(), stamp("yesterday")).error().code == Code::invalid);
  REQUIRE(journal.create_run(a_run(), stamp()));
  CHECK(journal.intend({"r1", "step", "", "[1]", kUtc}).error().code == Code::invalid);
  CHECK(kind.store->audit().append(an_entry("event", "r1", "{")).error().code == Code::invalid);
  CHECK(kind.store->audit().append(an_entry("")).error().code == Code::invalid);
  CHECK(journal.steps("r1")->empty());
}

TEMPLATE_TEST_CASE("all writes of one atomic step are there, or none", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  REQUIRE(journal.put_value("r1", "kept", "before"));
  const auto write_all = [&](Result<> end) {
    return kind.store->atomically([&]() -> Result<> {
      REQUIRE(journal.create_run(a_run("r2"), stamp()));
      const auto step = journal.intend({"r1", "step", "", "{}", kUtc});
      REQUIRE(step);
      REQUIRE(journal.conclude(*step, StepOutcome::done, "{}", kUtc));
      REQUIRE(journal.put_value("r1", "kept", "after"));
      REQUIRE(journal.put_value("r1", "new", "x"));
      REQUIRE(journal.set_state({"r1", "planned", "cloning", "{}", stamp(kLater)}));
      REQUIRE(kind.store->audit().append(an_entry("more")));
      REQUIRE(kind.store->audit().sign_head(kUtc));
      return end;
    });
  };
  const auto failed = write_all(fail(Code::refused, "no"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "no");
  CHECK(journal.runs()->size() == 1);
  CHECK(journal.run("r1")->state == "planned");
  CHECK(journal.run("r1")->updated_utc == kUtc);
  CHECK(journal.steps("r1")->empty());
  CHECK(*journal.values("r1") == std::map<std::string, std::string>{{"kept", "before"}});
  CHECK(rows_of(kind.store->audit()).size() == 1);
  CHECK(kind.store->audit().heads()->empty());
  CHECK(kind.store->audit().tip()->issued == 1);

  REQUIRE(write_all({}));
  CHECK(journal.run("r1")->state == "cloning");
  CHECK(journal.steps("r1")->size() == 1);
  CHECK(journal.values("r1")->size() == 2);
  CHECK(rows_of(kind.store->audit()).size() == 4);
  CHECK(verify_audit(kind.store->audit())->good);
}

TEMPLATE_TEST_CASE("an exception out of an atomic step leaves nothing of it", "", Sqlite, Memory) {
  TestType kind;
  REQUIRE(kind.store->journal().create_run(a_run(), stamp()));
  struct Killed {};
  CHECK_THROWS_AS(kind.store->atomically([&]() -> Result<> {
    REQUIRE(kind.store->journal().put_value("r1", "k", "v"));
    throw Killed{};
  }),
                  Killed);
  CHECK(kind.store->journal().values("r1")->empty());
  CHECK(kind.store->journal().put_value("r1", "k", "v"));
}

TEMPLATE_TEST_CASE("an atomic step within another fails alone", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  REQUIRE(journal.create_run(a_run(), stamp()));
  REQUIRE(kind.store->atomically([&]() -> Result<> {
    REQUIRE(journal.put_value("r1", "outer", "1"));
    CHECK_FALSE(kind.store->atomically([&]() -> Result<> {
      REQUIRE(journal.put_value("r1", "inner", "2"));
      return fail(Code::refused, "no");
    }));
    return journal.put_value("r1", "last", "3");
  }));
  CHECK(*journal.values("r1") == std::map<std::string, std::string>{{"last", "3"}, {"outer", "1"}});
}

TEMPLATE_TEST_CASE("audit rows form one chain over all runs and count within each", "", Sqlite, Memory) {
  TestType kind;
  auto& log = kind.store->audit();
  CHECK(log.append(an_entry("one", "r1")).value() == 1);
  CHECK(log.append(an_entry("two", "r2")).value() == 2);
  CHECK(log.append(an_entry("three", "r1", R"({"b":1,"a":"\u00e9"})")).value() == 3);
  CHECK(log.append(an_entry("four", "")).value() == 4);
  const auto rows = rows_of(log);
  REQUIRE(rows.size() == 4);
  CHECK(rows[2].run_row == 2);
  CHECK(rows[3].run_row == 1);
  CHECK(rows[2].facts == "{\"a\":\"\xc3\xa9\",\"b\":1}");
  CHECK(rows[2].prev_hash == rows[1].hash);
  const auto report = verify_audit(log, {"r1"});
  REQUIRE(report);
  CHECK(report->good);
  CHECK(report->rows == 4);
  CHECK(report->run_rows == 2);
  CHECK(report->unsigned_rows == 4);
  std::vector<std::string> events;
  REQUIRE(read_run(log, "r1", [&](const AuditRow& row) -> Result<> {
    events.push_back(row.event);
    return {};
  }));
  CHECK(events == std::vector<std::string>{"one", "three"});
}

TEMPLATE_TEST_CASE("reading begins where it is told and ends with the visitor's error", "", Sqlite, Memory) {
  TestType kind;
  auto& log = kind.store->audit();
  for (int i = 0; i < 5; ++i) REQUIRE(log.append(an_entry("e")));
  std::vector<std::int64_t> seen;
  const auto read = log.read(3, [&](const AuditRow& row) -> Result<> {
    seen.push_back(row.seq);
    return row.seq == 4 ? Result<>(fail(Code::interrupted, "enough")) : Result<>();
  });
  CHECK(read.error().code == Code::interrupted);
  CHECK(seen == std::vector<std::int64_t>{3, 4});
}

TEMPLATE_TEST_CASE("a signed head covers everything before it", "", Sqlite, Memory) {
  TestType kind;
  auto& log = kind.store->audit();
  CHECK(log.sign_head(kUtc).error().code == Code::refused);
  REQUIRE(log.append(an_entry("one")));
  REQUIRE(log.append(an_entry("two")));
  const auto head = log.sign_head(kUtc);
  REQUIRE(head);
  REQUIRE(log.append(an_entry("three")));
  const auto report = verify_audit(log, {"", *head, head->public_key});
  REQUIRE(report);
  CHECK(report->good);
  CHECK(report->signed_through == 2);
  CHECK(report->unsigned_rows == 1);
  CHECK(report->public_key == head->public_key);
}

TEMPLATE_TEST_CASE("secrets do not enter journal or audit log", "", Sqlite, Memory) {
  TestType kind;
  auto& journal = kind.store->journal();
  const std::string facts = R"({"db_password":"hunter2","argv":["x","--token","hunter2"]})";
  REQUIRE(journal.create_run(a_run(), stamp()));
  const auto step = journal.intend({"r1", "step", "", facts, kUtc});
  REQUIRE(journal.conclude(step.value(), StepOutcome::done, facts, kUtc));
  REQUIRE(journal.set_state({"r1", "planned", "cloning", facts, stamp()}));
  REQUIRE(kind.store->audit().append(an_entry("event", "r1", facts)));
  for (const auto& row : rows_of(kind.store->audit())) CHECK_THAT(row.facts, !Catch::Contains("hunter2"));
  CHECK_THAT(journal.steps("r1")->front().facts, !Catch::Contains("hunter2"));
  CHECK_THAT(journal.steps("r1")->front().outcome_facts, !Catch::Contains("hunter2"));
}

TEMPLATE_TEST_CASE("several threads write side by side", "", Sqlite, Memory) {
  TestType kind;
  REQUIRE(kind.store->journal().create_run(a_run(), stamp()));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n)
        static_cast<void>(kind.store->atomically([&]() -> Result<> {
          MOULT_TRY(kind.store->journal().intend({"r1", "step", "", "{}", kUtc}));
          MOULT_TRY(kind.store->audit().append(an_entry("event")));
          return {};
        }));
    });
  for (auto& thread : threads) thread.join();
  CHECK(kind.store->journal().steps("r1")->size() == 100);
  const auto report = verify_audit(kind.store->audit());
  CHECK(report->good);
  CHECK(report->rows == 101);
}
