#pragma once

#include "drivers/entry.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// The admin's own commands, run on the orchestrator's host. `hold` gets MOULT_TTL_MS and must end the hold by itself
/// after it, `drain` gets MOULT_DEADLINE_MS, `where` prints "holding" or "open" and the number of requests in flight.
/// docs/entries.md is their contract.
class CommandEntry final : public Entry {
 public:
  explicit CommandEntry(EntrySpec spec) : spec_(std::move(spec)) {}
  [[nodiscard]] bool can_hold() const override { return true; }
  Result<> ready(Millis ttl) override;
  Result<> hold(Millis ttl) override;
  Result<> drain(Millis deadline) override;
  Result<> release() override;
  Result<EntryState> where() override;
  Result<> check(Millis deadline) override;

 private:
  EntrySpec spec_;
};

}  // namespace moult
