#include "migration/postgresql/target.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "migration/postgresql/source.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kShort{20'000}, kLong{120'000};
constexpr int kMostSteps = 16;

std::vector<std::string> lines_of(const std::string& out) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < out.size();) {
    const auto end = std::min(out.find('\n', begin), out.size());
    if (end > begin) lines.push_back(out.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string is_there(const std::string& subscription) {
  return fmt::format(
      "SELECT EXISTS (SELECT FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = "
      "current_database() AND s.subname = {})",
      text(subscription));
}

/// Programs run as they are named; what they cannot say is in their last line.
constexpr const char* kRecoveryEnds =
    R"("$0" "$@" 2>/dev/null | grep -E 'CHECKPOINT_SHUTDOWN|END_OF_RECOVERY' || true)";

Result<std::string> setting(const std::string& database, const std::vector<Row>& sequences) {
  std::string statements;
  for (const auto& row : sequences) {
    const bool number =
        row.size() == 3 && !row[1].empty() && row[1].find_first_not_of("-0123456789") == std::string::npos;
    if (!number || (row[2] != "t" && row[2] != "f"))
      return fail(Code::invalid, "database " + database + " answers nonsense for a sequence");
    statements += fmt::format("DO $set$ BEGIN PERFORM setval({}::regclass, {}, {}); END $set$;\n", text(row[0]), row[1],
                              row[2] == "t" ? "true" : "false");
  }
  return statements;
}

}  // namespace

Result<std::string> previous_record(const std::string& line) {
  constexpr std::string_view kPrev = ", prev ";
  const auto at = line.find(kPrev);
  const auto end = line.find(',', at == std::string::npos ? 0 : at + kPrev.size());
  if (at == std::string::npos || end == std::string::npos)
    return fail(Code::invalid, "pg_waldump's line is not understood: " + line.substr(0, 120));
  const auto text = line.substr(at + kPrev.size(), end - at - kPrev.size());
  MOULT_TRY(lsn_of(text));
  return text;
}

Result<> Target::await(Millis most) const {
  const auto end = std::chrono::steady_clock::now() + most;
  for (;;) {
    auto recovering = psql_.holds("postgres", "SELECT pg_is_in_recovery()", kShort);
    if (recovering && !*recovering) return {};
    if (std::chrono::steady_clock::now() > end)
      return recovering ? Result<>(fail(Code::timeout, "PostgreSQL in the clone does not end its recovery"))
                        : Result<>(pass(std::move(recovering), "wait for PostgreSQL"));
    std::this_thread::sleep_for(Millis{500});
  }
}

/// The clone woke from a crash of the original that never was. Recovery ends with a checkpoint of its own; the record
/// before it is the last that was replayed. A record of the original's that was cut off by the snapshot is followed by
/// one that says so: it is stepped over, as is whatever else recovery wrote, none of which commits anything.
Result<std::string> Target::end_of_recovery(const std::string& captured_at) const {
  MOULT_ASSIGN(const auto rows,
               psql_.rows("postgres",
                          "SELECT (SELECT setting FROM pg_config WHERE name = 'BINDIR'), "
                          "current_setting('data_directory'), (SELECT timeline_id FROM pg_control_checkpoint())",
                          kShort));
  if (rows.size() != 1 || rows.front().size() != 3)
    return fail(Code::mismatch, "PostgreSQL does not say where its log lies");
  const auto& row = rows.front();
  const std::vector<std::string> dump{row[0] + "/pg_waldump", "-p", row[1] + "/pg_wal", "-t", row[2]};
  auto all = dump;
  all.insert(all.end(), {"-r", "XLOG", "-s", captured_at});
  all.insert(all.begin(), {"sh", "-c", kRecoveryEnds});
  MOULT_ASSIGN(const auto found, psql_.program(all, kLong));
  const auto ends = lines_of(found);
  if (ends.size() != 1)
    return fail(Code::conflict,
                fmt::format("the log since the capture holds {} ends of a recovery, and one was expected", ends.size()),
                "PostgreSQL was restarted between capture and clone, or its log was removed: start again.");
  MOULT_ASSIGN(auto last, previous_record(ends.front()));
  for (int step = 0; step < kMostSteps; ++step) {
    auto one = dump;
    one.insert(one.end(), {"-s", last, "-n", "1"});
    MOULT_ASSIGN(const auto out, psql_.program(one, kShort));
    const auto lines = lines_of(out);
    if (lines.size() != 1) return fail(Code::invalid, "pg_waldump shows no record at " + last);
    if (!lines.front().starts_with("rmgr: XLOG ")) break;
    MOULT_ASSIGN(last, previous_record(lines.front()));
  }
  // Decoding takes transactions whose commit record begins at this place or behind it.
  MOULT_ASSIGN(const auto lsn, lsn_of(last));
  return lsn_text(lsn + 1);
}

Result<std::string> Target::recovered_to(const std::string& database) const {
  return psql_.value(database, get_state(start_key(names_)), kShort);
}

Result<> Target::settle(const std::vector<std::string>& databases) const {
  MOULT_ASSIGN(const auto known, recovered_to(databases.front()));
  if (!known.empty()) return {};
  MOULT_ASSIGN(const auto captured, psql_.value(databases.front(), get_state(names_.way + "." + kCapturedAt), kShort));
  if (captured.empty())
    return fail(Code::conflict, "the clone was made before the capture was complete", "Start again.");
  MOULT_ASSIGN(const bool prepared, psql_.holds("postgres", "SELECT EXISTS (SELECT FROM pg_prepared_xacts)", kShort));
  if (prepared) return fail(Code::conflict, "a transaction was prepared when the clone was made", "Start again.");
  MOULT_ASSIGN(const auto end, end_of_recovery(captured));
  // The first database's note is the one that is looked at, so it comes last.
  for (auto at = databases.rbegin(); at != databases.rend(); ++at) {
    const auto& database = *at;
    MOULT_TRY(
        psql_.run(database,
                  fmt::format("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name "
                              "= {};\nDROP PUBLICATION IF EXISTS {};\nDROP PUBLICATION IF EXISTS {};\n",
                              text(names_.slot(database)), names_.way, names_.inserts()) +
                      put_state(start_key(names_), text(end)),
                  kShort));
  }
  return {};
}

Result<> Target::attach(const std::string& database, int port, const std::string& password,
                        const std::string& from) const {
  MOULT_TRY(lsn_of(from));
  std::string quoted;
  for (const char c : database) quoted += (c == '\'' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  const auto connection =
      text(fmt::format("host=127.0.0.1 port={} dbname='{}' user={} password={} sslmode=disable connect_timeout=20",
                       port, quoted, names_.way, password));
  MOULT_ASSIGN(const bool present, psql_.holds(database, is_there(names_.way), kShort));
  if (present)
    return psql_.run(
        database,
        fmt::format("ALTER SUBSCRIPTION {0} CONNECTION {1};\nALTER SUBSCRIPTION {0} ENABLE;\n", names_.way, connection),
        kShort);
  std::string publications = names_.way;
  if (!data_.insert_only.empty()) publications += ", " + names_.inserts();
  return psql_.run(database,
                   fmt::format(R"(
INSERT INTO {4}.marker VALUES ({3}, 0) ON CONFLICT DO NOTHING;
BEGIN;
CREATE SUBSCRIPTION {0} CONNECTION {1} PUBLICATION {5}
  WITH (enabled = false, create_slot = false, copy_data = false, slot_name = {6});
SELECT pg_replication_origin_advance('pg_' || oid::text, {2}) FROM pg_subscription WHERE subname = {3}
  AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database());
COMMIT;
ALTER SUBSCRIPTION {0} ENABLE;
)",
                               names_.way, connection, text(from), text(names_.way), kSchema, publications,
                               text(names_.slot(database))),
                   Millis{60'000});
}

Result<Target::Progress> Target::await_mark(const std::string& database, const std::string& value, Millis most) const {
  MOULT_ASSIGN(const auto rows, psql_.rows(database,
                                           fmt::format(R"(
DO $wait$ DECLARE ends timestamptz := clock_timestamp() + {2} * interval '1 ms'; BEGIN
  WHILE clock_timestamp() < ends AND NOT EXISTS (SELECT FROM {0}.marker WHERE key = {1} AND value >= {3}) LOOP
    PERFORM pg_sleep(0.004);
  END LOOP;
END $wait$;
SELECT EXISTS (SELECT FROM {0}.marker WHERE key = {1} AND value >= {3}),
  coalesce((SELECT max(received_lsn)::text FROM pg_stat_subscription WHERE subname = {1} AND pid IS NOT NULL), '');
)",
                                                       kSchema, text(names_.way), most.count(), value),
                                           most + kShort));
  if (rows.size() != 1 || rows.front().size() != 2)
    return fail(Code::mismatch, "database " + database + " lost the marker");
  return Progress{rows.front()[0] == "t", rows.front()[1]};
}

Result<> Target::close(const std::string& database, const std::vector<Row>& sequences, const Names& back) const {
  MOULT_ASSIGN(const auto statements, setting(database, sequences));
  return psql_.run(database,
                   statements + fmt::format("ALTER SUBSCRIPTION {0} DISABLE;\n", names_.way) +
                       put_state(start_key(back), "pg_current_wal_insert_lsn()::text"),
                   kShort);
}

Result<> Target::make_durable(const std::string& database) const {
  return psql_.run(database, put_state(names_.way + ".durable", "now()::text"), kShort);
}

}  // namespace moult::postgresql
