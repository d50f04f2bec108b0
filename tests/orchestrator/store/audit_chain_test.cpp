#include "orchestrator/store/audit_chain.hpp"

#include "catch.hpp"
#include "orchestrator/store/audit_key.hpp"

using namespace moult;

// The hex below was computed with sha256sum from the encoding in docs/audit.md, not with this code.
TEST_CASE("hashes are those of the documented encoding") {
  CHECK(genesis_of("memory") == "d8aec25e77fedf96af05a3c966fd22954453e4cc1308229fed51d27a2da9ab6b");
  const auto row = chained({"r1", "switch", "alice", "2024-05-01T10:00:00.000Z", "step.done", R"({"ms":83})"}, 2, 1,
                           genesis_of("memory"));
  CHECK(row.digest == "8d748f6d458317c2680e5ce3151f89b4ee68984f53c47a2c9ef38e4524a016ec");
  CHECK(row.hash == "073e6f63e984f5c7eb7a47281aa8f409e6dee12e335f6c5e9ecd7a648d44ad58");
}

TEST_CASE("the single row of docs/audit.md has the digest that it gives by hand") {
  CHECK(digest_of({"r1", "", "alice", "2024-05-01T10:00:00.000Z", "step.done", R"({"ms":83})"}) ==
        "e03812e8c7161a359936e6549a8f763d8c345a0be752fa64a5ededc0e6cbeded");
}

TEST_CASE("moving a byte from one field to the next gives another digest") {
  const AuditEntry one{"r1", "ab", "c", "u", "e", "{}"};
  const AuditEntry two{"r1", "a", "bc", "u", "e", "{}"};
  CHECK(digest_of(one) != digest_of(two));
}

TEST_CASE("every field of a row has a part in its hash") {
  const AuditEntry entry{"r1", "step", "actor", "utc", "event", "{}"};
  const auto base = chained(entry, 5, 3, "p").hash;
  for (auto AuditEntry::*field : {&AuditEntry::run, &AuditEntry::step, &AuditEntry::actor, &AuditEntry::utc,
                                  &AuditEntry::event, &AuditEntry::facts}) {
    auto changed = entry;
    changed.*field += "x";
    CHECK(chained(changed, 5, 3, "p").hash != base);
  }
  CHECK(chained(entry, 6, 3, "p").hash != base);
  CHECK(chained(entry, 5, 4, "p").hash != base);
  CHECK(chained(entry, 5, 3, "q").hash != base);
}

TEST_CASE("a signature holds for its head and for no other") {
  const auto key = AuditKey::of_seed(AuditKey::Seed{7});
  SignedHead head{"chain", 3, "hash", "2024-05-01T10:00:00Z", "", ""};
  key.sign(head);
  CHECK(signature_holds(head));
  for (auto SignedHead::*field :
       {&SignedHead::chain, &SignedHead::hash, &SignedHead::utc, &SignedHead::public_key, &SignedHead::signature}) {
    auto changed = head;
    (changed.*field)[0] = changed.*field == head.public_key || changed.*field == head.signature
                              ? ((changed.*field)[0] == '0' ? '1' : '0')
                              : 'X';
    CHECK_FALSE(signature_holds(changed));
  }
  auto later = head;
  later.seq = 4;
  CHECK_FALSE(signature_holds(later));
}
