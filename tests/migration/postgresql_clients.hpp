#pragma once

#include <future>
#include <set>
#include <sstream>

#include "migration/postgresql_strategy.hpp"
#include "postgresql_machine.hpp"

namespace moult::test {

/// pgbench with four clients, and one that inserts numbers and notes those that were acknowledged.
class Clients {
 public:
  Clients(PostgresqlMachine& machine, std::string way) : machine_(machine), way_(std::move(way)) {
    bench_ = std::async(std::launch::async, [this] {
      return machine_.try_shell("cd /tmp && echo $$ > /run/postgresql/bench.pid && exec runuser -u postgres -- " +
                                    PostgresqlMachine::bin_dir() +
                                    "/pgbench -n -c 4 -j 2 -T 3000 bench >/dev/null 2>/run/postgresql/bench.err",
                                Millis{900'000});
    });
    log_ = std::async(std::launch::async, [this] {
      return machine_.try_shell(
          "cd / && : > /run/postgresql/acked && touch /run/postgresql/go && while [ -e /run/postgresql/go ]; do "
          "runuser "
          "-u postgres -- psql -XAtq -d bench -c \"INSERT INTO commits (way) VALUES ('" +
              way_ + "') RETURNING n\" >> /run/postgresql/acked 2>/run/postgresql/refused || true; done",
          Millis{900'000});
    });
  }
  /// Ends them, whatever they wait for; what was acknowledged. None of them was told of an error.
  std::set<std::string> end() {
    CHECK(machine_.shell("grep -h ERROR /run/postgresql/bench.err /run/postgresql/refused || true").empty());
    machine_.shell("rm -f /run/postgresql/go; pkill -KILL -x pgbench; pkill -KILL -f '[I]NSERT INTO commits' ; true");
    bench_.wait();
    log_.wait();
    std::set<std::string> numbers;
    std::istringstream text(machine_.shell("cat /run/postgresql/acked"));
    for (std::string line; std::getline(text, line);)
      if (!line.empty()) numbers.insert(line);
    return numbers;
  }

 private:
  PostgresqlMachine& machine_;
  std::string way_;
  std::future<Result<Outcome>> bench_, log_;
};

inline void make_schema(PostgresqlMachine& machine) {
  machine.sql("CREATE DATABASE bench", "postgres");
  machine.shell(PostgresqlMachine::as("pgbench -i -q -s 2 bench 2>/dev/null"));
  machine.sql("CREATE TABLE commits (n serial PRIMARY KEY, way text NOT NULL, at timestamptz DEFAULT now())");
}

inline PostgresqlData data() {
  PostgresqlData data;
  data.insert_only = {"public.pgbench_history"};
  return data;
}

inline PostgresqlStrategy strategy(PostgresqlMachine& source, PostgresqlMachine& target, bool forward, Clock& clock) {
  PostgresqlStrategy::Setup setup;
  setup.name = "db.main";
  setup.data = data();
  setup.source = [&source]() -> Result<GuestSession*> { return &source.session(); };
  setup.target = [&target]() -> Result<GuestSession*> { return &target.session(); };
  setup.forward = forward;
  return {std::move(setup), clock};
}

/// What must be equal in every state that a client may see: pgbench changes all four by the same amount.
inline std::string balances(PostgresqlMachine& machine) {
  return machine.sql(
      "SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(bbalance) FROM pgbench_branches), (SELECT "
      "sum(tbalance) FROM pgbench_tellers), (SELECT coalesce(sum(delta), 0) FROM pgbench_history), (SELECT count(*) "
      "FROM "
      "pgbench_history), (SELECT count(*) FROM commits)");
}

inline void check_balanced(const std::string& text) {
  INFO(text);
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, '|');) parts.push_back(part);
  REQUIRE(parts.size() == 6);
  CHECK(parts[0] == parts[1]);
  CHECK(parts[1] == parts[2]);
  CHECK(parts[2] == parts[3]);
}

inline void check_all_there(PostgresqlMachine& machine, const std::set<std::string>& acknowledged) {
  std::set<std::string> present;
  std::istringstream text(machine.sql("SELECT n FROM commits"));
  std::size_t rows = 0;
  for (std::string line; std::getline(text, line); ++rows) present.insert(line);
  CHECK(rows == present.size());
  std::size_t lost = 0;
  for (const auto& number : acknowledged) lost += present.count(number) == 0 ? 1U : 0U;
  CHECK(lost == 0);
  CHECK_FALSE(acknowledged.empty());
}

}  // namespace moult::test
