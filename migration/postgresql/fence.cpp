#include "migration/postgresql/fence.hpp"

#include <fmt/format.h>

#include "migration/postgresql/catalog.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kShort{20'000};

/// The sleep begins when everything is locked, which is how others see it.
std::string locking(const std::string& name, Millis ttl) {
  return fmt::format(R"(
SET application_name = {0};
SET deadlock_timeout = '50ms';
SET lock_timeout = {1};
SET statement_timeout = 0;
BEGIN;
DO $fence$ DECLARE list text; ends timestamptz := now() + {1} * interval '1 ms'; BEGIN
  SELECT string_agg(format('ONLY %I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) INTO list
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND {3};
  IF list IS NULL THEN RETURN; END IF;
  LOOP
    BEGIN
      EXECUTE 'LOCK TABLE ' || list || ' IN EXCLUSIVE MODE';
      RETURN;
    EXCEPTION WHEN deadlock_detected OR lock_not_available THEN
      IF clock_timestamp() > ends THEN RAISE; END IF;
      IF clock_timestamp() > now() + {4} * interval '1 ms' THEN SET LOCAL deadlock_timeout = '1min'; END IF;
    END;
  END LOOP;
END $fence$;
SELECT pg_sleep(greatest(0, extract(epoch FROM now() + {2} * interval '1 ms' - clock_timestamp())));
ROLLBACK;
)",
                     text(name), ttl.count() / 2, ttl.count(), kOwn, ttl.count() / 16);
}

/// How many hold, as one query sees it.
std::string holding(const std::string& name) {
  return fmt::format("SELECT count(*) FROM pg_stat_activity WHERE application_name = {} AND wait_event = 'PgSleep'",
                     text(name));
}

}  // namespace

Result<std::unique_ptr<Fence>> Fence::set(const Psql& psql, const std::string& name,
                                          const std::vector<std::string>& databases, Millis ttl) {
  std::unique_ptr<Fence> fence(new Fence(psql, name));
  for (const auto& database : databases) {
    fence->sessions_.push_back(std::make_unique<Session>());
    auto* session = fence->sessions_.back().get();
    session->thread = std::thread([psql, database, script = locking(name, ttl), ttl, session] {
      session->ended = psql.run(database, script, ttl + kShort);
    });
  }
  if (auto held = fence->await(ttl / 2); !held) {
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

Result<> Fence::await(Millis most) {
  MOULT_ASSIGN(const auto count, psql_.value("postgres",
                                             fmt::format(R"(
DO $wait$ DECLARE ends timestamptz := clock_timestamp() + {0} * interval '1 ms'; held bigint; BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    {1} INTO held;
    EXIT WHEN held >= {2} OR clock_timestamp() > ends;
    PERFORM pg_sleep(0.004);
  END LOOP;
END $wait$;
{1};
)",
                                                         most.count(), holding(name_), sessions_.size()),
                                             most + kShort));
  if (count == std::to_string(sessions_.size())) return {};
  return fail(Code::timeout, "the tables could not be locked in time",
              "A transaction that changes them stays open: end it, or raise --max-stall.");
}

Result<bool> Fence::lift() {
  MOULT_ASSIGN(
      const auto count,
      psql_.value("postgres",
                  fmt::format("WITH held AS MATERIALIZED ({0}), ended AS MATERIALIZED (SELECT "
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
