#include "orchestrator/store/memory_audit_log.hpp"

#include "orchestrator/store/audit_chain.hpp"
#include "orchestrator/store/audit_key.hpp"
#include "orchestrator/store/checks.hpp"

namespace moult {
namespace {

/// Nothing here is random: a simulated run must give the same bytes for the same seed.
constexpr const char* kChain = "memory";

const AuditKey& memory_key() {
  static const AuditKey key = AuditKey::of_seed(AuditKey::Seed{1});
  return key;
}

const std::string& memory_genesis() {
  static const std::string genesis = genesis_of(kChain);
  return genesis;
}

}  // namespace

Result<std::int64_t> MemoryAuditLog::append(const AuditEntry& entry) {
  MOULT_ASSIGN(auto complete, checked(entry));
  std::int64_t seq = 0;
  MOULT_TRY(state_.write([&]() -> Result<> {
    seq = static_cast<std::int64_t>(state_.rows.size()) + 1;
    auto& run_row = state_.run_rows[complete.run];
    const auto& prev = state_.rows.empty() ? memory_genesis() : state_.rows.back().hash;
    state_.rows.push_back(chained(std::move(complete), seq, ++run_row, prev));
    state_.on_failure([this] {
      --state_.run_rows[state_.rows.back().run];
      state_.rows.pop_back();
    });
    return {};
  }));
  return seq;
}

Result<> MemoryAuditLog::read(std::int64_t from, const Visitor& visit) {
  const std::lock_guard lock(state_.mutex);
  for (const auto& row : state_.rows)
    if (row.seq >= from) MOULT_TRY(visit(row));
  return {};
}

Result<ChainTip> MemoryAuditLog::tip() {
  const std::lock_guard lock(state_.mutex);
  return ChainTip{kChain, static_cast<std::int64_t>(state_.rows.size())};
}

Result<SignedHead> MemoryAuditLog::sign_head(const std::string& utc) {
  MOULT_TRY(check_time(utc));
  SignedHead head;
  MOULT_TRY(state_.write([&]() -> Result<> {
    if (state_.rows.empty()) return nothing_to_sign();
    head = {kChain, state_.rows.back().seq, state_.rows.back().hash, utc, "", ""};
    memory_key().sign(head);
    state_.heads.push_back(head);
    state_.on_failure([this] { state_.heads.pop_back(); });
    return {};
  }));
  return head;
}

Result<std::vector<SignedHead>> MemoryAuditLog::heads() {
  const std::lock_guard lock(state_.mutex);
  return state_.heads;
}

}  // namespace moult
