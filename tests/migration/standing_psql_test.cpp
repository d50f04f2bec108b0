// Questions to a psql that stays: what it is given up for, what it may not be believed, and that nothing is run twice.
#include "migration/postgresql/psql.hpp"
#include "migration/postgresql/psql_pool.hpp"
#include "postgresql_clients.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

using Catch::Contains;

/// A guest whose helper starts commands as often as it is told to.
class Guest final : public GuestSession, public GuestTunnel {
 public:
  explicit Guest(GuestSession& real) : real_(real) {}
  GuestAccess& access() override { return real_.access(); }
  GuestFiles& files() override { return real_.files(); }
  GuestTunnel& tunnel() override { return *this; }
  bool alive(Millis deadline) override { return real_.alive(deadline); }
  Result<> announce() override { return {}; }
  Result<TcpConnections> connections() override { return TcpConnections(); }
  Result<> tickle(const TcpConnections&) override { return {}; }
  Result<> remove() override { return {}; }
  Result<std::unique_ptr<TunnelListener>> listen(int port) override { return real_.tunnel().listen(port); }
  Result<std::unique_ptr<TunnelEnd>> connect(int port) override { return real_.tunnel().connect(port); }
  Result<StartedCommand> start(const Command& command) override {
    longest = std::max(longest, command.timeout);
    if (refusals > 0) return --refusals, fail(Code::invalid, "the helper knows no method 67");
    return real_.tunnel().start(command);
  }
  Result<> kill(std::uint64_t number) override { return real_.tunnel().kill(number); }
  int refusals = 0;
  Millis longest{0};

 private:
  GuestSession& real_;
};

struct Server {
  Server() : machine(images.original()), guest(machine.session()) {
    machine.make_cluster();
    make_schema(machine);
    pool = std::make_shared<postgresql::PsqlPool>(guest, cluster);
    psql = std::make_unique<postgresql::Psql>(guest.access(), cluster, pool);
  }
  ~Server() {
    psql.reset();
    pool.reset();  // before the session that it lives in
  }
  std::string backend() {
    const auto pid = psql->value("bench", "SELECT pg_backend_pid()", 20s);
    REQUIRE(pid);
    return *pid;
  }
  std::string commits() { return machine.sql("SELECT count(*) FROM commits"); }
  [[nodiscard]] bool runs(const std::string& program) {
    return machine.try_shell("ps -C " + program + " -o stat= | grep -qv '^Z'")->good();
  }
  /// Another program in psql's place, which notes how often it is started.
  void replace_psql(const std::string& lines) {
    machine.shell(
        "cat >/run/postgresql/other <<'END'\n#!/bin/sh\necho >>/run/postgresql/starts\n" + lines +
        "\nEND\nchmod +x /run/postgresql/other && mount --bind /run/postgresql/other $(realpath $(command -v psql))");
  }
  std::string starts() { return machine.shell("wc -l </run/postgresql/starts"); }
  Images images;
  PostgresqlMachine machine;
  Guest guest;
  PostgresqlData cluster = data();
  std::shared_ptr<postgresql::PsqlPool> pool;
  std::unique_ptr<postgresql::Psql> psql;
};

}  // namespace

TEST_CASE("a psql that stays is asked again; one that ended is replaced, and nothing is run twice") {
  Server server;
  const auto first = server.backend();
  REQUIRE(server.psql->run("bench", "SET lock_timeout = 7; SET search_path = public", 20s));
  CHECK(*server.psql->value("bench", "SHOW lock_timeout", 20s) == "0");
  CHECK(server.backend() == first);
  SECTION("a statement that fails ends it, with what it had begun") {
    const auto failed =
        server.psql->run("bench", "BEGIN; INSERT INTO public.commits (way) VALUES ('no'); SELECT 1 / 0; COMMIT", 20s);
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message, Contains("division by zero") && !Contains("begun"));
    CHECK(server.backend() != first);
    CHECK(server.commits() == "0");
  }
  SECTION("its server went away meanwhile") {
    server.machine.restart();
    REQUIRE(server.psql->run("bench", "INSERT INTO public.commits (way) VALUES ('once')", 20s));
    CHECK(server.commits() == "1");
  }
}

TEST_CASE("a psql that is given up runs nothing more of its script") {
  Server server;
  const auto late = server.pool->ask("bench",
                                     "DO $$ BEGIN PERFORM pg_sleep(3); END $$; INSERT INTO public.commits (way) "
                                     "VALUES ('late')",
                                     1s);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::timeout);
  CHECK(late.error().disposition == Disposition::ambiguous);
  CHECK_FALSE(server.runs("psql"));
  std::this_thread::sleep_for(4s);
  CHECK(server.commits() == "0");
}

TEST_CASE("what psql says before it is asked makes no rows") {
  Server server;
  server.replace_psql("echo 'perl: warning: Setting locale failed.' >&2\nexec " + PostgresqlMachine::bin_dir() +
                      "/psql \"$@\"");
  for (int i = 0; i < 2; ++i) {
    const auto rows = server.psql->rows("bench", "SELECT 4711, 'x'", 20s);
    GOOD(rows);
    CHECK(*rows == std::vector<postgresql::Row>{{"4711", "x"}});
  }
  CHECK(server.starts() == "1");
}

TEST_CASE("a guest that ends what it did not begin is not asked again") {
  Server server;
  server.replace_psql(
      "while read -r line; do case $line in *\"'ended \"*) word=${line#*\\'}; printf '\\n%s\\n' \"${word%%\\'*}\"; "
      "esac; "
      "done");
  const auto answer = server.psql->value("bench", "SELECT 1", 20s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::invalid);
  CHECK(server.starts() == "1");
}

TEST_CASE("a question whose outcome is unknown is not asked another way") {
  Server server;
  server.replace_psql("cat >/dev/null");
  const auto answer = server.psql->run("bench", "SELECT 1", 1s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::timeout);
  CHECK(server.starts() == "1");
  CHECK_FALSE(server.runs("cat"));
}

TEST_CASE("where no psql can be kept, a question has one of its own, and the next one tries again") {
  Server server;
  server.guest.refusals = 1;
  CHECK(*server.psql->value("bench", "SELECT 4711", 20s) == "4711");
  CHECK_FALSE(server.runs("psql"));
  const auto kept = server.backend();
  CHECK(server.runs("psql"));
  CHECK(server.backend() == kept);
  CHECK(server.guest.longest <= 25s);
  server.pool->close_idle();
  CHECK(server.backend() != kept);
}
