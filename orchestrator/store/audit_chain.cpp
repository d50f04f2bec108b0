#include "orchestrator/store/audit_chain.hpp"

#include <initializer_list>
#include <string_view>

#include "orchestrator/store/chain_hash.hpp"

namespace moult {
namespace {

std::string netstrings(std::initializer_list<std::string_view> fields) {
  std::size_t size = 0;
  for (const auto field : fields) size += field.size() + 8;  // digits, ':' and ','
  std::string bytes;
  bytes.reserve(size);
  for (const auto field : fields) bytes.append(std::to_string(field.size())).append(":").append(field).append(",");
  return bytes;
}

}  // namespace

std::string genesis_of(const std::string& chain) { return chain_hash(netstrings({"moult-audit/v1", chain})); }

std::string digest_of(const AuditEntry& entry) {
  return chain_hash(netstrings({entry.step, entry.actor, entry.utc, entry.event, entry.facts}));
}

std::string hash_of(const AuditRow& row) {
  return chain_hash(
      netstrings({row.prev_hash, std::to_string(row.seq), row.run, std::to_string(row.run_row), row.digest}));
}

AuditRow chained(AuditEntry entry, std::int64_t seq, std::int64_t run_row, const std::string& prev_hash) {
  AuditRow row;
  static_cast<AuditEntry&>(row) = std::move(entry);
  row.seq = seq;
  row.run_row = run_row;
  row.prev_hash = prev_hash;
  row.digest = digest_of(row);
  row.hash = hash_of(row);
  return row;
}

std::string signed_bytes(const SignedHead& head) {
  return netstrings({"moult-audit-head/v1", head.chain, std::to_string(head.seq), head.hash, head.utc});
}

}  // namespace moult
