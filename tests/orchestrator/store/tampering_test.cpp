// Somebody with write access to the database, and what verification says of it.
#include <fstream>

#include "catch.hpp"
#include "orchestrator/store/audit_chain.hpp"
#include "orchestrator/store/audit_key.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

/// Six rows of two runs, signed at four.
struct Signed {
  TemporaryDirectory directory;
  std::string state = directory.state();
  SignedHead head;

  Signed() {
    const auto store = std::move(open_store(state).value());
    for (int i = 1; i <= 6; ++i) {
      REQUIRE(store->audit().append(
          an_entry("event" + std::to_string(i), i % 2 ? "r1" : "r2", R"({"n":)" + std::to_string(i) + "}")));
      if (i == 4) head = store->audit().sign_head(kUtc).value();
    }
  }
  [[nodiscard]] AuditReport verify(const VerifyRequest& request = {}) const {
    return verify_audit(open_store_read_only(state).value()->audit(), request).value();
  }
};

/// Recomputes every hash from the content, as a forger who read the documentation would.
std::string rehashed(AuditLog& log) {
  std::string sql, prev;
  for (auto row : rows_of(log)) {
    if (!prev.empty()) row.prev_hash = prev;
    const auto fresh = chained(row, row.seq, row.run_row, row.prev_hash);
    prev = fresh.hash;
    sql += "UPDATE audit SET digest='" + fresh.digest + "', prev_hash='" + fresh.prev_hash + "', hash='" + fresh.hash +
           "' WHERE seq=" + std::to_string(row.seq) + ";";
  }
  return sql;
}

}  // namespace

TEST_CASE("an untouched log is good") {
  const Signed log;
  const auto report = log.verify();
  CHECK(report.good);
  CHECK(report.rows == 6);
  CHECK(report.signed_through == 4);
  CHECK(report.unsigned_rows == 2);
  CHECK(report.first_bad_seq == 0);
}

TEST_CASE("the database refuses to change, remove or replace audit rows") {
  const Signed log;
  for (const auto* sql : {"UPDATE audit SET actor='eve'", "DELETE FROM audit WHERE seq=6",
                          "UPDATE audit_head SET seq=1", "DELETE FROM audit_head", "UPDATE audit_chain SET chain='x'",
                          "DELETE FROM audit_chain", "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq=2",
                          "INSERT OR REPLACE INTO audit_head SELECT * FROM audit_head",
                          "INSERT OR REPLACE INTO audit_chain VALUES (1, 'x')"}) {
    INFO(sql);
    CHECK_THAT(tamper(log.state, sql), Catch::Contains("append-only"));
  }
  CHECK(log.verify().good);
}

TEST_CASE("a changed field of a row is found, whichever it is") {
  for (const auto* field : {"run", "step", "actor", "utc", "event", "facts", "digest", "prev_hash", "hash"}) {
    const Signed log;
    REQUIRE(tamper(log.state, kDropTriggers + "UPDATE audit SET " + field + "='forged' WHERE seq=3") == "");
    INFO(field);
    const auto report = log.verify();
    CHECK_FALSE(report.good);
    CHECK(report.first_bad_seq == 3);
    CHECK_FALSE(report.why.empty());
  }
  const Signed log;
  REQUIRE(tamper(log.state, kDropTriggers + "UPDATE audit SET run_row=9 WHERE seq=3") == "");
  CHECK(log.verify().first_bad_seq == 3);
}

TEST_CASE("a removed row is found") {
  for (const int seq : {1, 3, 5}) {
    const Signed log;
    REQUIRE(tamper(log.state, kDropTriggers + "DELETE FROM audit WHERE seq=" + std::to_string(seq)) == "");
    const auto report = log.verify();
    CHECK_FALSE(report.good);
    CHECK(report.first_bad_seq == seq);
    CHECK_THAT(report.why, Catch::Contains("missing"));
  }
}

TEST_CASE("swapped rows are found") {
  const Signed log;
  REQUIRE(tamper(log.state, kDropTriggers + "UPDATE audit SET seq=100 WHERE seq=2; UPDATE audit SET seq=2 WHERE seq=3;"
                                            "UPDATE audit SET seq=3 WHERE seq=100") == "");
  CHECK(log.verify().first_bad_seq == 2);
}

TEST_CASE("a cut tail is found by the number that was issued") {
  const Signed log;
  REQUIRE(tamper(log.state, kDropTriggers + "DELETE FROM audit WHERE seq=6") == "");
  const auto report = log.verify();
  CHECK_FALSE(report.good);
  CHECK(report.first_bad_seq == 6);
}

TEST_CASE("a cut tail with its counter and its heads set back is found by the copy of the head") {
  const Signed log;
  REQUIRE(tamper(log.state, kDropTriggers + "DELETE FROM audit WHERE seq>3; DELETE FROM audit_head;"
                                            "UPDATE sqlite_sequence SET seq=3 WHERE name='audit'") == "");
  const auto report = log.verify();
  CHECK_FALSE(report.good);
  CHECK(report.first_bad_seq == 4);
  CHECK_THAT(report.why, Catch::Contains("signed"));
  std::filesystem::remove(log.state + "/audit.head");
  CHECK(log.verify().good);  // all traces on this machine are gone: only a head that was kept elsewhere tells
  const auto kept = log.verify({"", log.head});
  CHECK_FALSE(kept.good);
  CHECK(kept.first_bad_seq == 4);
}

TEST_CASE("a recomputed chain is found by the signed head") {
  const Signed log;
  REQUIRE(tamper(log.state, kDropTriggers + "UPDATE audit SET actor='eve' WHERE seq=2") == "");
  const auto sql = rehashed(open_store_read_only(log.state).value()->audit());
  REQUIRE(tamper(log.state, sql) == "");
  const auto report = log.verify();
  CHECK_FALSE(report.good);
  CHECK(report.first_bad_seq == 4);
  CHECK_THAT(report.why, Catch::Contains("signed"));
}

TEST_CASE("a recomputed chain that is signed again with another key is found by the key that is known") {
  const Signed log;
  const auto known = log.head.public_key;
  REQUIRE(tamper(log.state, kDropTriggers + "UPDATE audit SET actor='eve' WHERE seq=2") == "");
  REQUIRE(tamper(log.state, rehashed(open_store_read_only(log.state).value()->audit())) == "");
  REQUIRE(tamper(log.state, "DELETE FROM audit_head") == "");
  for (const auto* file : {"/audit.head", "/audit.key", "/audit.pub"}) std::filesystem::remove(log.state + file);
  REQUIRE(open_store(log.state).value()->audit().sign_head(kLater));
  CHECK_THAT(log.verify({"", {}, known}).why, Catch::Contains("another key"));
  CHECK_THAT(log.verify({"", log.head}).why, Catch::Contains("another key"));
}

TEST_CASE("a head with another key beside the old one is found") {
  const Signed log;
  const auto rows = rows_of(open_store_read_only(log.state).value()->audit());
  SignedHead forged{log.head.chain, 6, rows[5].hash, kLater, "", ""};
  AuditKey::generate().sign(forged);
  REQUIRE(tamper(log.state, "INSERT INTO audit_head (seq, hash, utc, public_key, signature) VALUES (6,'" + forged.hash +
                                "','" + forged.utc + "','" + forged.public_key + "','" + forged.signature + "')") ==
          "");
  CHECK_THAT(log.verify().why, Catch::Contains("another key"));
}

TEST_CASE("a head whose signature was changed is found") {
  const Signed log;
  REQUIRE(tamper(log.state, kDropTriggers + "UPDATE audit_head SET utc='2030-01-01T00:00:00Z'") == "");
  CHECK_THAT(log.verify().why, Catch::Contains("does not hold"));
}

TEST_CASE("where the key is gone, no new one takes its place") {
  const Signed log;
  std::filesystem::remove(log.state + "/audit.key");
  const auto head = open_store(log.state).value()->audit().sign_head(kLater);
  REQUIRE_FALSE(head);
  CHECK(head.error().code == Code::refused);
  CHECK_THAT(head.error().message, Catch::Contains("audit.key"));
}

TEST_CASE("a key that others may read signs nothing, and key files are private") {
  const Signed log;
  using std::filesystem::perms;
  CHECK(std::filesystem::status(log.state + "/audit.key").permissions() == (perms::owner_read | perms::owner_write));
  std::filesystem::permissions(log.state + "/audit.key", perms::group_read, std::filesystem::perm_options::add);
  CHECK(open_store(log.state).value()->audit().sign_head(kLater).error().code == Code::refused);
}

TEST_CASE("a broken copy of the head is an error, not silence") {
  const Signed log;
  std::ofstream(log.state + "/audit.head") << "{}";
  CHECK(verify_audit(open_store_read_only(log.state).value()->audit()).error().code == Code::invalid);
}
