#pragma once

#include "orchestrator/store/memory_state.hpp"

namespace moult {

class MemoryAuditLog final : public AuditLog {
 public:
  explicit MemoryAuditLog(MemoryState& state) : state_(state) {}

  Result<std::int64_t> append(const AuditEntry& entry) override;
  Result<> read(std::int64_t from, const Visitor& visit) override;
  Result<ChainTip> tip() override;
  Result<SignedHead> sign_head(const std::string& utc) override;
  Result<std::vector<SignedHead>> heads() override;

 private:
  MemoryState& state_;
};

}  // namespace moult
