#include "orchestrator/store/chain_checker.hpp"

#include <algorithm>

#include "orchestrator/store/audit_chain.hpp"
#include "orchestrator/store/audit_key.hpp"

namespace moult {

ChainChecker::ChainChecker(std::string chain, std::string run, std::string public_key)
    : chain_(std::move(chain)),
      run_(std::move(run)),
      public_key_(std::move(public_key)),
      next_prev_(genesis_of(chain_)) {}

void ChainChecker::object(std::int64_t seq, std::string why) {
  if (!good()) return;
  report_.first_bad_seq = seq;
  report_.why = std::move(why);
}

bool ChainChecker::accept(const SignedHead& head) {
  const auto name = "the signed head of row " + std::to_string(head.seq);
  if (public_key_.empty()) public_key_ = head.public_key;
  if (!signature_holds(head))
    object(head.seq, name + " has a signature that does not hold");
  else if (head.chain != chain_)
    object(head.seq, name + " is of another log");
  else if (head.public_key != public_key_)
    object(head.seq, name + " is signed with another key");
  return good();
}

void ChainChecker::expect(const SignedHead& head) {
  if (accept(head)) heads_.emplace(head.seq, head);
}

void ChainChecker::close(const SignedHead& head) {
  if (!accept(head)) return;
  if (head.seq != last_seq() || head.hash != next_prev_)
    return object(last_seq(), "the signed head is of row " + std::to_string(head.seq) + ", which is not this last one");
  report_.signed_through = head.seq;
  report_.public_key = head.public_key;
}

void ChainChecker::start_at(const AuditRow& first) {
  from_genesis_ = first.seq == 1;
  next_seq_ = first.seq;
  if (!from_genesis_) next_prev_ = first.prev_hash;
}

void ChainChecker::check_place(const AuditRow& row) {
  if (row.seq != next_seq_) return object(next_seq_, "row " + std::to_string(next_seq_) + " is missing");
  if (row.prev_hash != next_prev_) return object(row.seq, "it does not follow the row before");
  auto& run_row = run_rows_[row.run];
  const bool first_seen = run_row == 0 && !from_genesis_ && row.run != run_;
  if (!first_seen && row.run_row != run_row + 1)
    object(row.seq, "row " + std::to_string(run_row + 1) + " of run " + row.run + " is missing before it");
  run_row = row.run_row;
}

void ChainChecker::check_heads(const AuditRow& row) {
  const auto [begin, end] = heads_.equal_range(row.seq);
  for (auto head = begin; head != end; ++head) {
    if (head->second.hash != row.hash) return object(row.seq, "its hash is not the one that was signed");
    report_.signed_through = row.seq;
    report_.public_key = head->second.public_key;
  }
}

void ChainChecker::follow(const AuditRow& row, bool whole) {
  if (!good()) return;
  check_place(row);
  if (whole && digest_of(row) != row.digest) object(row.seq, "its content was changed: the digest is another");
  if (hash_of(row) != row.hash) object(row.seq, "its hash is not that of its fields");
  check_heads(row);
  ++(whole ? report_.rows : report_.links);
  if (row.run == run_) ++report_.run_rows;
  next_seq_ = row.seq + 1;
  next_prev_ = row.hash;
}

AuditReport ChainChecker::finish(std::int64_t issued) {
  const auto signed_last = heads_.empty() ? 0 : heads_.rbegin()->first;
  const auto known = std::max(issued, signed_last);
  if (known > last_seq())
    object(last_seq() + 1, "rows " + std::to_string(last_seq() + 1) + " to " + std::to_string(known) +
                               " are missing at the end" + (signed_last > last_seq() ? ", and were signed" : ""));
  report_.unsigned_rows = last_seq() - report_.signed_through;
  report_.good = good();
  return report_;
}

}  // namespace moult
