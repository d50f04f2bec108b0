#include "orchestrator/store/sqlite_audit_log.hpp"

#include <algorithm>

#include "orchestrator/store/audit_chain.hpp"
#include "orchestrator/store/audit_key.hpp"
#include "orchestrator/store/audit_verify.hpp"
#include "orchestrator/store/checks.hpp"
#include "orchestrator/store/small_file.hpp"
#include "orchestrator/store/sqlite_query.hpp"

namespace moult {
namespace {

/// The entry in its place behind what is there.
AuditRow next_row(SqliteDatabase& database, AuditEntry entry) {
  Query query(database,
              "SELECT (SELECT chain FROM audit_chain), (SELECT seq FROM sqlite_sequence WHERE name = 'audit'),"
              " (SELECT max(run_row) FROM audit WHERE run = ?), (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1)");
  query.with(entry.run).next();
  const auto before = query.null(3) ? genesis_of(query.text(0)) : query.text(3);
  return chained(std::move(entry), query.number(1) + 1, query.number(2) + 1, before);  // no row yet: 0
}

void insert(SqliteDatabase& database, const AuditRow& row) {
  Query(database,
        "INSERT INTO audit (seq, run, run_row, step, actor, utc, event, facts, digest, prev_hash, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .with(row.seq)
      .with(row.run)
      .with(row.run_row)
      .with(row.step)
      .with(row.actor)
      .with(row.utc)
      .with(row.event)
      .with(row.facts)
      .with(row.digest)
      .with(row.prev_hash)
      .with(row.hash)
      .run();
}

void read_row(const Query& query, AuditRow& row) {
  row.seq = query.number(0);
  row.run_row = query.number(2);
  int column = 3;
  query.text(1, row.run);
  for (auto* text : {&row.step, &row.actor, &row.utc, &row.event, &row.facts, &row.digest, &row.prev_hash, &row.hash})
    query.text(column++, *text);
}

/// A key is made for a log that was never signed. Where heads exist, a new key would make them look forged.
Result<AuditKey> signing_key(const std::string& state_dir, bool heads_exist) {
  auto key = AuditKey::load(state_dir);
  if (key || key.error().code != Code::not_found) return key;
  if (heads_exist)
    return fail(Code::refused, state_dir + "/audit.key is gone, and it signed this log",
                "Restore it from a backup; see docs/audit.md.");
  key = AuditKey::generate();
  MOULT_TRY(key->save(state_dir));
  return key;
}

}  // namespace

ChainTip SqliteAuditLog::tip_now() {
  ChainTip tip;
  Query chain(database_, "SELECT chain FROM audit_chain");
  if (chain.next()) tip.chain = chain.text(0);
  Query issued(database_, "SELECT seq FROM sqlite_sequence WHERE name = 'audit'");
  if (issued.next()) tip.issued = issued.number(0);
  return tip;
}

Result<ChainTip> SqliteAuditLog::tip() {
  ChainTip found;
  MOULT_TRY(database_.read([&]() -> Result<> {
    found = tip_now();
    return {};
  }));
  return found;
}

Result<std::int64_t> SqliteAuditLog::append(const AuditEntry& entry) {
  MOULT_ASSIGN(auto complete, checked(entry));
  AuditRow row;
  MOULT_TRY(database_.write([&]() -> Result<> {
    row = next_row(database_, std::move(complete));
    insert(database_, row);
    return {};
  }));
  return row.seq;
}

Result<> SqliteAuditLog::read(std::int64_t from, const Visitor& visit) {
  return database_.read([&]() -> Result<> {
    Query query(database_,
                "SELECT seq, run, run_row, step, actor, utc, event, facts, digest, prev_hash, hash"
                " FROM audit WHERE seq >= ? ORDER BY seq");
    query.with(from);
    AuditRow row;
    while (query.next()) {
      read_row(query, row);
      MOULT_TRY(visit(row));
    }
    return {};
  });
}

std::vector<SignedHead> SqliteAuditLog::heads_now(const std::string& chain) {
  std::vector<SignedHead> found;
  Query query(database_, "SELECT seq, hash, utc, public_key, signature FROM audit_head ORDER BY ordinal");
  while (query.next())
    found.push_back({chain, query.number(0), query.text(1), query.text(2), query.text(3), query.text(4)});
  return found;
}

Result<SignedHead> SqliteAuditLog::next_head(const std::string& utc) {
  const auto tip = tip_now();
  MOULT_ASSIGN(const auto key, signing_key(state_dir_, !heads_now(tip.chain).empty()));
  Query last(database_, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
  if (!last.next()) return nothing_to_sign();
  SignedHead head{tip.chain, last.number(0), last.text(1), utc, "", ""};
  key.sign(head);
  return head;
}

Result<SignedHead> SqliteAuditLog::sign_head(const std::string& utc) {
  MOULT_TRY(check_time(utc));
  SignedHead head;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    MOULT_ASSIGN(head, next_head(utc));
    Query(database_, "INSERT INTO audit_head (seq, hash, utc, public_key, signature) VALUES (?, ?, ?, ?, ?)")
        .with(head.seq)
        .with(head.hash)
        .with(head.utc)
        .with(head.public_key)
        .with(head.signature)
        .run();
    // A second copy beside the database: who cuts rows and heads there is still contradicted by it.
    database_.after_commit([this, head] { return write_small_file(state_dir_ + "/audit.head", to_json(head) + "\n"); });
    return {};
  };
  MOULT_TRY(database_.write(body));
  return head;
}

Result<std::vector<SignedHead>> SqliteAuditLog::heads() {
  std::vector<SignedHead> found;
  MOULT_TRY(database_.read([&]() -> Result<> {
    found = heads_now(tip_now().chain);
    return {};
  }));
  const auto text = read_small_file(state_dir_ + "/audit.head");
  if (!text && text.error().code == Code::not_found) return found;
  if (!text) return Unexpected(text.error());
  MOULT_ASSIGN(const auto copy, signed_head_of(*text));
  const auto same = [&](const SignedHead& head) { return to_json(head) == to_json(copy); };
  if (std::none_of(found.begin(), found.end(), same)) found.push_back(copy);
  return found;
}

}  // namespace moult
