#include "migration/postgresql/fence.hpp"

#include <fmt/format.h>

#include "migration/postgresql/catalog.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kShort{20'000}, kTurnAway{2'000};

/// How long the locks give way where they and transactions of clients wait for each other.
Millis grace(Millis ttl) { return ttl / 16; }

/// One table after another. Who is told that the locks stand in the way of those they wait for begins anew, with the
/// table that was waited for: in the order in which clients take them there is no such circle. PostgreSQL's own look
/// for circles is left to clients. The sleep begins when everything is locked, which is how others see it; being told
/// then comes too late.
std::string locking(const std::string& name, Millis ttl) {
  return fmt::format(R"(
SET application_name = {0};
SET deadlock_timeout = '1h';
SET lock_timeout = {1};
SET statement_timeout = 0;
BEGIN;
DO $fence$ DECLARE list text[]; one text; ends timestamptz := now() + {2} * interval '1 ms'; BEGIN
  SELECT coalesce(array_agg(format('%I.%I', n.nspname, c.relname) ORDER BY c.oid), '{{}}') INTO list
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND {3};
  LOOP
    BEGIN
      FOREACH one IN ARRAY list LOOP
        EXECUTE 'LOCK TABLE ONLY ' || one || ' IN EXCLUSIVE MODE';
      END LOOP;
      EXIT;
    EXCEPTION WHEN query_canceled THEN list := one || array_remove(list, one);
    END;
  END LOOP;
  WHILE clock_timestamp() < ends LOOP
    BEGIN
      PERFORM pg_sleep(extract(epoch FROM ends - clock_timestamp()));
    EXCEPTION WHEN query_canceled THEN NULL;
    END;
  END LOOP;
END $fence$;
ROLLBACK;
)",
                     text(name), ttl.count() / 2, ttl.count(), kOwn);
}

/// Where the locks wait for clients that wait for the locks, one of them is told: `victim`, "fence" or "pid".
std::string breaking_circles(const std::string& name, const char* victim) {
  return fmt::format(R"(
    WITH RECURSIVE fences AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE application_name = {0} AND
        wait_event_type = 'Lock'),
      waited_for(fence, pid) AS (SELECT f.pid, b.pid FROM fences f, unnest(pg_blocking_pids(f.pid)) AS b(pid)
        UNION SELECT w.fence, b.pid FROM waited_for w, unnest(pg_blocking_pids(w.pid)) AS b(pid) WHERE w.pid <> w.fence),
      circles AS MATERIALIZED (SELECT DISTINCT w.{1} AS victim FROM waited_for w WHERE w.pid <> w.fence AND
        w.fence = ANY (pg_blocking_pids(w.pid)))
    SELECT count(pg_cancel_backend(victim)) FROM circles)",
                     text(name), victim);
}

/// How many hold, as one query sees it.
std::string holding(const std::string& name) {
  return fmt::format("SELECT count(*) FROM pg_stat_activity WHERE application_name = {} AND wait_event = 'PgSleep'",
                     text(name));
}

/// Ends the sessions of clients, and waits until they are gone: what they had begun is rolled back.
std::string ending_others(const std::string& name, const std::vector<std::string>& databases) {
  return fmt::format(R"(
DO $others$ DECLARE ends timestamptz := clock_timestamp() + {2} * interval '1 ms'; BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND
      pid <> pg_backend_pid() AND application_name <> {0} AND datname = ANY ({1});
    EXIT WHEN NOT FOUND OR clock_timestamp() > ends;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $others$;
)",
                     text(name), array_of(databases), kTurnAway.count());
}

}  // namespace

Result<std::unique_ptr<Fence>> Fence::set(const Psql& psql, const std::string& name,
                                          const std::vector<std::string>& databases, Millis ttl) {
  std::unique_ptr<Fence> fence(new Fence(psql, name, databases));
  for (const auto& database : databases) {
    fence->sessions_.push_back(std::make_unique<Session>());
    auto* session = fence->sessions_.back().get();
    session->thread = std::thread([psql, database, script = locking(name, ttl), ttl, session] {
      session->ended = psql.run(database, script, ttl + kShort);
    });
  }
  if (auto held = fence->await(ttl); !held) {
    static_cast<void>(fence->lift());
    for (auto& session : fence->sessions_) {
      session->thread.join();
      // Whoever was told to end says so; who failed by itself says why.
      if (!session->ended && session->ended.error().message.find("terminating connection") == std::string::npos)
        held.error().message += ": " + session->ended.error().message;
    }
    fence->sessions_.clear();
    return pass(std::move(held));
  }
  return fence;
}

/// For half the time.
Result<> Fence::await(Millis ttl) {
  const auto most = ttl / 2;
  MOULT_ASSIGN(const auto count,
               psql_.value("postgres",
                           fmt::format(R"(
DO $wait$ DECLARE begun timestamptz := clock_timestamp(); held bigint; BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    {1} INTO held;
    EXIT WHEN held >= {2} OR clock_timestamp() > begun + {0} * interval '1 ms';
    IF clock_timestamp() < begun + {3} * interval '1 ms' THEN {4} INTO held; ELSE {5} INTO held; END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $wait$;
{1};
)",
                                       most.count(), holding(name_), sessions_.size(), grace(ttl).count(),
                                       breaking_circles(name_, "fence"), breaking_circles(name_, "pid")),
                           most + kShort));
  if (count == std::to_string(sessions_.size())) return {};
  return fail(Code::timeout, "the tables could not be locked in time",
              "A transaction that changes them stays open: end it, or raise --max-stall.");
}

Result<bool> Fence::lift(bool turn_away) {
  const auto before = turn_away ? ending_others(name_, databases_) : std::string();
  MOULT_ASSIGN(
      const auto count,
      psql_.value(
          "postgres",
          before + fmt::format("WITH held AS MATERIALIZED ({0}), ended AS MATERIALIZED (SELECT "
                               "pg_terminate_backend(pid) FROM pg_stat_activity, held WHERE application_name = {1} "
                               "AND held.count >= 0) SELECT held.count FROM held, (SELECT count(*) FROM ended) e",
                               holding(name_), text(name_)),
          kShort));
  return count == std::to_string(sessions_.size());
}

Fence::~Fence() {
  for (auto& session : sessions_)
    if (session->thread.joinable()) session->thread.join();
}

}  // namespace moult::postgresql
