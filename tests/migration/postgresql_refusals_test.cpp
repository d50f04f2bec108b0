// What logical replication does not carry, and a fence that ends: on one real cluster.
#include <atomic>
#include <map>

#include "migration/native_preflight.hpp"
#include "migration/postgresql/catalog.hpp"
#include "migration/postgresql/fence.hpp"
#include "migration/postgresql/source.hpp"
#include "migration/postgresql/traces.hpp"
#include "postgresql_clients.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

/// A machine with its cluster and the tables of pgbench, and the set that is asked about.
struct Asked {
  explicit Asked(const std::string& wal_level = "logical") : machine(images.original()) {
    machine.make_cluster(wal_level);
    make_schema(machine);
    spec.kind = DataKind::native;
    spec.name = "main";
    spec.postgresql = data();
  }
  /// Every problem, one a line.
  std::string problems() {
    const auto found = native_problems({spec, MachineFacts{}, machine.session().access(), others});
    if (!found) return found.error().message + " " + found.error().remedy;
    std::string text;
    for (const auto& problem : *found) text += problem.message + " " + problem.remedy + "\n";
    return text;
  }
  Images images;
  PostgresqlMachine machine;
  DataSpec spec;
  std::vector<const DataSpec*> others;
};

using Catch::Contains;

}  // namespace

TEST_CASE("a cluster that can be carried has no problems, and one that is not there is named with its port") {
  Asked asked;
  CHECK(asked.problems().empty());
  asked.spec.postgresql.databases = {"bench", "no-such"};
  CHECK_THAT(asked.problems(), Contains("no database no-such"));
  asked.spec.postgresql.databases.clear();
  asked.spec.postgresql.port = 5999;
  CHECK_THAT(asked.problems(), Contains("5999") && Contains("correct `port`"));
  asked.spec.postgresql.port = 5432;
  asked.spec.postgresql.user = "daemon";
  CHECK_THAT(asked.problems(), Contains("daemon"));
}

TEST_CASE("what replication leaves out is named by the plan") {
  Asked asked("replica");
  asked.machine.sql(R"(
CREATE TABLE bare (n int);
CREATE UNLOGGED TABLE fast (n int PRIMARY KEY);
CREATE MATERIALIZED VIEW seen AS SELECT 1;
SELECT lo_create(4711);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER loud AFTER INSERT ON commits FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE commits ENABLE ALWAYS TRIGGER loud;
SELECT pg_create_physical_replication_slot('theirs');
)");
  asked.spec.postgresql.insert_only.emplace_back("public.no_such");
  asked.machine.sql("CREATE DATABASE other", "postgres");
  asked.machine.sql("CREATE TABLE kept (n int PRIMARY KEY)", "other");
  asked.spec.postgresql.databases = {"bench"};
  const auto text = asked.problems();
  for (const auto* part : {"wal_level is replica", "the restart is needed", "public.bare", "public.fast", "public.seen",
                           "4711", "loud on", "theirs", "public.no_such", "database other holds data"})
    CHECK_THAT(text, Contains(part));
  CHECK_THAT(text, !Contains("pgbench_history"));
}

TEST_CASE("an identity that PostgreSQL does not take for replication is none: the plan names its table") {
  Asked asked;
  asked.machine.sql(R"(
CREATE TABLE late (n int PRIMARY KEY DEFERRABLE);
CREATE TABLE lost (n int PRIMARY KEY, other int NOT NULL UNIQUE);
ALTER TABLE lost REPLICA IDENTITY USING INDEX lost_other_key;
ALTER TABLE lost DROP CONSTRAINT lost_other_key;
CREATE TABLE late_but_whole (n int PRIMARY KEY DEFERRABLE);
ALTER TABLE late_but_whole REPLICA IDENTITY FULL;
CREATE TABLE late_but_chosen (n int PRIMARY KEY DEFERRABLE, other int NOT NULL UNIQUE);
ALTER TABLE late_but_chosen REPLICA IDENTITY USING INDEX late_but_chosen_other_key;
)");
  const auto text = asked.problems();
  CHECK_THAT(text, Contains("tables without a primary key or replica identity that PostgreSQL takes: public.late, "
                            "public.lost Give each a primary key that is not DEFERRABLE"));
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  const postgresql::Source source(psql, asked.spec.postgresql, postgresql::Names(true), true);
  const auto started = source.start({"bench"});  // also a run that began before the table was there
  REQUIRE_FALSE(started);
  CHECK_THAT(started.error().message, Contains("public.late, public.lost"));
  // The rest goes on as before while it is published.
  asked.machine.sql("DROP TABLE late, lost");
  REQUIRE(source.start({"bench"}));
  asked.machine.sql(
      "UPDATE late_but_whole SET n = 1; DELETE FROM late_but_chosen; UPDATE pgbench_tellers SET filler = 'x'");
  REQUIRE(postgresql::leave_no_trace(psql, {"bench"}));
}

TEST_CASE("sessions of the run that would be the clients' last are named by the plan") {
  Asked asked;
  asked.machine.sql("ALTER SYSTEM SET max_connections = 6; ALTER SYSTEM SET max_wal_senders = 5");
  asked.machine.restart();
  CHECK_THAT(asked.problems(), Contains("max_connections is 6, and at least"));
  asked.machine.sql("ALTER SYSTEM SET max_connections = 14");
  asked.machine.restart();
  CHECK(asked.problems().empty());
  SECTION("a peak of clients' sessions is waited out") {
    asked.machine.occupy_sessions(8);
    std::atomic<bool> over = false;
    const auto peak = std::async(std::launch::async, [&] {
      std::this_thread::sleep_for(3s);
      over = true;
      asked.machine.free_sessions();
    });
    CHECK(asked.problems().empty());
    CHECK(over);
  }
  SECTION("one that lasts is named") {
    asked.machine.occupy_sessions(8);
    CHECK_THAT(asked.problems(), Contains("of max_connections, which is 14, 3 are kept for superusers and clients have "
                                          "8; the run needs 4") &&
                                     Contains("when clients have fewer"));
    asked.machine.free_sessions();
  }
}

TEST_CASE("another set on the cluster's file system is refused, for the cutover freezes it") {
  Asked asked;
  asked.machine.shell("mkdir -p /var/lib/postgresql/notes /run/postgresql/elsewhere");
  DataSpec beside, apart;
  beside.name = "notes";
  beside.root = "/var/lib/postgresql/notes";
  apart.name = "apart";
  apart.root = "/run/postgresql/elsewhere";
  asked.others = {&apart};
  CHECK(asked.problems().empty());
  asked.others = {&apart, &beside};
  CHECK_THAT(asked.problems(), Contains("same file system as /var/lib/postgresql/notes") && !Contains("elsewhere"));
}

TEST_CASE("a set in which the cluster's file system is mounted is refused, for the cutover freezes that too") {
  Asked asked;
  asked.machine.shell("mkdir -p /run/postgresql/served/pg /run/postgresql/served/notes /var/lib/postgresql/shown");
  DataSpec around;
  around.name = "around";
  asked.others = {&around};
  const auto is_refused = [&](const std::string& root) {
    around.root = root;
    CHECK_THAT(asked.problems(), Contains("the cluster's /var/lib/postgresql/d lies on the file system") &&
                                     Contains("inside " + root + ", the data set around") &&
                                     Contains("excluded or not Mount the cluster's file system outside of"));
  };
  is_refused("/var/lib");
  around.exclude = {"postgresql"};
  is_refused("/var/lib");
  asked.machine.shell("ln -s /var/lib /run/postgresql/link");
  is_refused("/run/postgresql/link");
  around.exclude.clear();
  around.root = "/run/postgresql/served";
  CHECK(asked.problems().empty());
  asked.machine.shell("mount --bind /var/lib/postgresql/shown /run/postgresql/served/pg");
  is_refused("/run/postgresql/served");
  asked.machine.shell("mount -t tmpfs tmpfs /run/postgresql/served/pg");  // what is covered is frozen all the same
  is_refused("/run/postgresql/served");
  around.root = "/run/postgresql/served/notes";
  CHECK(asked.problems().empty());
}

TEST_CASE("what changes meanwhile and is not carried ends the round, with its name") {
  Asked asked;
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  postgresql::Source source(psql, asked.spec.postgresql, postgresql::Names(true), true);
  const std::vector<std::string> databases{"bench"};
  REQUIRE(source.start(databases));
  REQUIRE(source.mark("bench"));
  asked.machine.sql("INSERT INTO commits (way) VALUES ('x'); INSERT INTO pgbench_history (tid) VALUES (1)");
  REQUIRE(source.mark("bench"));
  SECTION("a table's definition") {
    asked.machine.sql("ALTER TABLE commits ADD extra int; CREATE TABLE fresh (n int PRIMARY KEY)");
    const auto mark = source.mark("bench");
    REQUIRE_FALSE(mark);
    CHECK(mark.error().code == Code::conflict);
    CHECK_THAT(mark.error().message,
               Contains("table public.commits was altered") && Contains("table public.fresh is new"));
  }
  SECTION("a row of a table to which rows are only added") {
    asked.machine.sql("DELETE FROM pgbench_history; SELECT pg_stat_force_next_flush()");
    Result<postgresql::Source::Mark> mark;
    for (int i = 0; i < 20 && mark; ++i, std::this_thread::sleep_for(500ms)) mark = source.mark("bench");
    REQUIRE_FALSE(mark);
    CHECK_THAT(mark.error().message, Contains("insert_only"));
  }
  SECTION("a role") {
    asked.machine.sql("CREATE ROLE visitor");
    const auto mark = source.mark("bench");
    REQUIRE_FALSE(mark);
    CHECK_THAT(mark.error().message, Contains("role visitor is new"));
  }
  REQUIRE(postgresql::leave_no_trace(psql, databases));
  CHECK(asked.machine.sql("SELECT count(*) FROM pg_replication_slots") == "0");
}

TEST_CASE("a change of whatever replication does not carry is seen, and named by its kind and its name") {
  Asked asked;
  asked.machine.sql(R"(
CREATE ROLE clerk;
CREATE SCHEMA side;
CREATE TABLE kept (n int PRIMARY KEY, word text, other int);
CREATE TABLE again (n int PRIMARY KEY);
CREATE FUNCTION plain(n int) RETURNS int LANGUAGE sql AS 'SELECT n';
CREATE PROCEDURE act() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN short AS text DEFAULT 'a' CONSTRAINT brief CHECK (length(VALUE) < 5);
CREATE POLICY mine ON kept FOR SELECT TO PUBLIC USING (n > 0);
CREATE RULE quiet AS ON UPDATE TO kept WHERE old.n < 0 DO INSTEAD NOTHING;
CREATE STATISTICS both_columns ON n, other FROM kept;
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER teller ON sql_drop WHEN TAG IN ('DROP SEQUENCE') EXECUTE FUNCTION told();
CREATE FOREIGN DATA WRAPPER wrapped;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapped;
CREATE FUNCTION bare(mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
)");
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  const postgresql::Source source(psql, asked.spec.postgresql, postgresql::Names(true), true);
  auto changes = std::vector<std::pair<std::string, std::string>>{
      {"GRANT CREATE ON DATABASE bench TO clerk", "database bench was altered"},
      {"ALTER DATABASE bench SET work_mem = '5MB'", "settings of database bench is new"},
      {"ALTER ROLE clerk SET work_mem = '5MB'", "settings of role clerk is new"},
      {"ALTER ROLE clerk IN DATABASE bench SET work_mem = '5MB'", "settings of role clerk in database bench is new"},
      {"ALTER ROLE clerk BYPASSRLS", "role clerk was altered"},
      {"COMMENT ON ROLE clerk IS 'x'", "role clerk was altered"},
      {"GRANT pg_monitor TO clerk WITH ADMIN OPTION", "role clerk was altered"},
      {"ALTER DEFAULT PRIVILEGES IN SCHEMA side GRANT SELECT ON TABLES TO clerk",
       "default privileges of postgres for r in side is new"},
      {"ALTER TYPE mood OWNER TO clerk", "type public.mood was altered"},
      {"REVOKE USAGE ON TYPE mood FROM PUBLIC", "type public.mood was altered"},
      {"REVOKE USAGE ON TYPE pair FROM PUBLIC", "type public.pair was altered"},
      {"ALTER DOMAIN short SET DEFAULT 'b'", "type public.short was altered"},
      {"ALTER DOMAIN short DROP CONSTRAINT brief", "type public.short was altered"},
      {"ALTER FUNCTION plain(int) SECURITY DEFINER", "function public.plain(integer) was altered"},
      {"ALTER FUNCTION plain(int) SET work_mem = '5MB'", "function public.plain(integer) was altered"},
      {"ALTER PROCEDURE act() SECURITY DEFINER", "function public.act() was altered"},
      {"CREATE OR REPLACE AGGREGATE total(int) (SFUNC = int4mul, STYPE = int)",
       "function public.total(integer) was altered"},
      {"ALTER POLICY mine ON kept USING (n > 1)", "policy mine on public.kept was altered"},
      {"ALTER POLICY mine ON kept TO clerk", "policy mine on public.kept was altered"},
      {"ALTER TABLE kept FORCE ROW LEVEL SECURITY", "table public.kept was altered"},
      {"CREATE OR REPLACE RULE quiet AS ON UPDATE TO kept WHERE old.n < -1 DO INSTEAD NOTHING",
       "rule quiet on public.kept was altered"},
      {"ALTER TABLE kept DISABLE RULE quiet", "rule quiet on public.kept was altered"},
      {"ALTER STATISTICS both_columns SET STATISTICS 7", "statistics public.both_columns was altered"},
      {"ALTER EVENT TRIGGER teller DISABLE", "event trigger teller was altered"},
      {"ALTER FOREIGN DATA WRAPPER wrapped OPTIONS (ADD a 'b')", "foreign-data wrapper wrapped was altered"},
      {"ALTER SERVER elsewhere OPTIONS (ADD a 'b')", "server elsewhere was altered"},
      {"CREATE USER MAPPING FOR clerk SERVER elsewhere", "server elsewhere was altered"},
      {"CREATE CAST (mood AS int) WITH FUNCTION bare(mood)", "cast (public.mood AS integer) is new"},
      {"CREATE OPERATOR !!! (FUNCTION = bare, RIGHTARG = mood)", "operator public.!!!(NONE,public.mood) is new"},
      {"CREATE COLLATION plainly FROM \"C\"", "collation public.plainly is new"},
      {"CREATE TEXT SEARCH CONFIGURATION ours (COPY = simple)", "text search configuration public.ours is new"},
      {"COMMENT ON TABLE kept IS 'x'", "table public.kept was altered"},
      {"COMMENT ON COLUMN kept.word IS 'x'", "table public.kept was altered"},
      {"COMMENT ON CONSTRAINT kept_pkey ON kept IS 'x'", "table public.kept was altered"},
      {"COMMENT ON FUNCTION plain(int) IS 'x'", "function public.plain(integer) was altered"},
      {"COMMENT ON SCHEMA side IS 'x'", "schema side was altered"},
      {"COMMENT ON DATABASE bench IS 'x'", "database bench was altered"},
      {"ALTER SEQUENCE commits_n_seq CACHE 7", "sequence public.commits_n_seq was altered"},
      {"DROP TABLE again; CREATE TABLE again (n int PRIMARY KEY)", "table public.again was altered"},
  };
  // Many at once, for a capture takes seconds; an object is changed once in each, and an error names only so many.
  while (!changes.empty()) {
    std::map<std::string, std::string> together;
    std::size_t length = 0;
    std::erase_if(changes, [&](const auto& change) {
      const bool taken = length + change.second.size() < 400 && together.emplace(change.second, change.first).second;
      if (taken) length += change.second.size() + 2;
      return taken;
    });
    REQUIRE(source.start({"bench"}));
    REQUIRE(source.mark("bench"));
    for (const auto& [named, statement] : together) asked.machine.sql(statement);
    const auto mark = source.mark("bench");
    REQUIRE_FALSE(mark);
    for (const auto& [named, statement] : together) {
      INFO(statement);
      CHECK_THAT(mark.error().message, Contains(named));
    }
  }
  REQUIRE(postgresql::leave_no_trace(psql, {"bench"}));
}

TEST_CASE("what the cluster does by itself, and what concerns nobody else, is no change of definitions") {
  Asked asked;
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  const postgresql::Source source(psql, asked.spec.postgresql, postgresql::Names(true), true);
  REQUIRE(source.start({"bench"}));
  asked.machine.sql("VACUUM (FULL, FREEZE, ANALYZE)");
  asked.machine.sql("REINDEX DATABASE bench; CLUSTER pgbench_tellers USING pgbench_tellers_pkey; CHECKPOINT");
  asked.machine.sql("TRUNCATE commits; SELECT nextval('commits_n_seq')");
  REQUIRE(source.renew_password({"bench"}));
  asked.machine.restart();
  const auto mark = source.mark("bench");
  INFO((mark ? "" : mark.error().message));
  CHECK(mark);
  REQUIRE(postgresql::leave_no_trace(psql, {"bench"}));
}

TEST_CASE("a table that has columns which the receiving side lacks has no way there") {
  Asked asked;
  asked.machine.sql("CREATE DATABASE old", "postgres");
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  CHECK(postgresql::refuse_other_columns(psql, psql, "bench"));
  Images images;
  PostgresqlMachine other(images.original());
  other.make_cluster();
  make_schema(other);
  other.sql("ALTER TABLE commits DROP way");
  const postgresql::Psql without(other.session().access(), asked.spec.postgresql);
  CHECK(postgresql::refuse_other_columns(without, psql, "bench"));
  const auto refused = postgresql::refuse_other_columns(psql, without, "bench");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("public.commits.way") && !Contains("commits.at"));
}

TEST_CASE("a fence keeps writers waiting; they go on at its end, or are turned away where the source is sealed") {
  Asked asked;
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  const bool sealed = GENERATE(false, true);
  auto fence = postgresql::Fence::set(psql, "moult_there_fence", {"bench"}, 60s);
  REQUIRE(fence);
  auto writer = std::async(std::launch::async, [&] {
    return asked.machine.try_shell(
        "cd / && runuser -u postgres -- psql -Xq -d bench -c \"INSERT INTO commits (way) VALUES ('late')\"");
  });
  REQUIRE(writer.wait_for(2s) == std::future_status::timeout);
  CHECK(asked.machine.sql("SELECT count(*) FROM commits") == "0");  // reading goes on
  const auto held = (*fence)->lift(sealed);
  REQUIRE(held);
  CHECK(*held);
  const auto written = writer.get();
  REQUIRE(written);
  CHECK(written->good() != sealed);
  CHECK(asked.machine.sql("SELECT count(*) FROM commits") == (sealed ? "0" : "1"));
}

TEST_CASE("clients that take tables in another order than the fence are not told of a deadlock") {
  Asked asked;
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  auto client = std::async(std::launch::async, [&] {
    // The fence has the tellers long before it asks for the commits.
    return asked.machine.try_shell(
        "cd / && runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d bench -c \"BEGIN; INSERT INTO commits (way) "
        "VALUES ('slow'); SELECT pg_sleep(3); UPDATE pgbench_tellers SET tbalance = 1; SELECT pg_sleep(2); COMMIT\"");
  });
  std::this_thread::sleep_for(1s);
  auto fence = postgresql::Fence::set(psql, "moult_there_fence", {"bench"}, 120s);
  const auto done = client.get();
  REQUIRE(done);
  INFO(done->err);
  CHECK(done->good());
  REQUIRE(fence);
  CHECK(asked.machine.sql("SELECT count(*) FROM commits") == "1");
  CHECK(*(*fence)->lift());
}

TEST_CASE("a fence whose time is over lets writers go, and does not say that it held") {
  Asked asked;
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  auto fence = postgresql::Fence::set(psql, "moult_there_fence", {"bench"}, 2s);
  REQUIRE(fence);
  asked.machine.sql("INSERT INTO commits (way) VALUES ('after')");  // waits, and is let go
  const auto held = (*fence)->lift();
  REQUIRE(held);
  CHECK_FALSE(*held);
}

TEST_CASE("a transaction that stays open makes the fence fail, and clients go on") {
  Asked asked;
  const postgresql::Psql psql(asked.machine.session().access(), asked.spec.postgresql);
  auto holder = std::async(std::launch::async, [&] {
    return asked.machine.try_shell(
        "cd / && runuser -u postgres -- psql -Xq -d bench -c \"BEGIN; INSERT INTO commits (way) VALUES ('slow'); "
        "SELECT pg_sleep(6); COMMIT\"");
  });
  std::this_thread::sleep_for(1s);
  const auto fence = postgresql::Fence::set(psql, "moult_there_fence", {"bench"}, 4s);
  REQUIRE_FALSE(fence);
  CHECK_THAT(fence.error().message, Contains("could not be locked in time"));
  holder.wait();
  asked.machine.sql("INSERT INTO commits (way) VALUES ('on')");
  CHECK(asked.machine.sql("SELECT count(*) FROM commits") == "2");
}
