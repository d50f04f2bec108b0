#pragma once

#include "drivers/clock.hpp"
#include "migration/data_strategy.hpp"
#include "migration/hook_side.hpp"
#include "migration/session_of.hpp"

namespace moult {

/// What all sets have in common that the vendor's commands carry: their fence, their digests, their end.
class VendorStrategy : public DataStrategy {
 public:
  struct Setup {
    HookSet set;
    SessionOf source, target;
    std::string spool;     ///< beginning of the names of this host's files
    bool one_way = false;  ///< this is the way back, and there is none
  };
  VendorStrategy(Setup setup, Clock& clock) : setup_(std::move(setup)), clock_(clock) {}

  [[nodiscard]] const std::string& name() const final { return setup_.set.name; }
  /// The component's update turns its data into their new form itself.
  Result<> migrate_all() final { return {}; }
  /// Only the source could tell, and is not asked: about as much as last time.
  Result<Pending> pending() final;
  [[nodiscard]] std::string frozen_set() const final { return {}; }
  Result<> fence(Millis ttl) final;
  /// True only where the answer came before the lease was over, also by this host's clock: what `quiesce` does may end
  /// by itself then.
  Result<bool> unfence() final;
  Result<> make_durable() final;
  Result<Verification> verify() final;
  Result<> stop_capture() final;

 protected:
  /// The commands in one guest; under a fence none takes longer than what is left of its lease.
  Result<HookSide> side(const SessionOf& side) const;
  [[nodiscard]] bool is_fenced() const { return fence_ != 0; }
  /// How long something may take that no command does.
  [[nodiscard]] Millis patience() const;
  /// Never one that was used before, also not by an earlier process.
  [[nodiscard]] std::uint64_t next_number();
  /// Digests differ while nobody writes.
  virtual void differed() {}

  const Setup setup_;
  Clock& clock_;
  std::uint64_t number_ = 0;  ///< the latest one that was used
  Pending last_{};            ///< what the last round brought, and whether it left some behind

 private:
  std::uint64_t fence_ = 0;  ///< names the fence that is up; 0: none
  Clock::Steady fence_ends_{};
};

}  // namespace moult
