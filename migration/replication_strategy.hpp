#pragma once

#include <memory>

#include "migration/vendor_strategy.hpp"

namespace moult {

/// The `native` strategy for whatever can follow another one of its kind: the target's application follows the
/// source's through a tunnel between the guests, as the vendor's commands tell it to (docs/descriptors.md).
///
/// A round runs `follow` on the target, which ends when all is there that the source held when it began, and begins to
/// follow where that is not so: for the first time, after a restart, for a later process, whose tunnel has another
/// port, and after a `promote` for a cutover that was given up. So nothing has to be remembered. What a round brought
/// is what went through the tunnel since the one before; nothing, where that is no more than a round costs in which
/// nobody writes. A write that is as short goes unnoticed here.
class ReplicationStrategy final : public VendorStrategy {
 public:
  ReplicationStrategy(Setup setup, Clock& clock);
  ~ReplicationStrategy() override;

  Result<> start_capture() override { return {}; }
  Result<bool> keep_capture() override { return false; }
  Result<> open_target() override { return {}; }
  Result<> close_target() override;
  Result<> save_target() override;
  Result<> restore_target() override { return {}; }
  Result<> take_up() override { return {}; }
  Result<RoundReport> round() override;
  Result<RoundReport> thorough_round() override { return round(); }
  Result<RoundReport> last_round() override { return round(); }
  Result<> promote() override;
  void let_go() override;

 private:
  Result<> await_application();
  Result<> open_tunnel();
  Result<> follow();
  std::uint64_t idle_cost();

  std::unique_ptr<class Tunnel> tunnel_;
  std::uint64_t carried_ = 0;  ///< bytes through this tunnel until the last round
  std::uint64_t asked_ = 0;    ///< connections through it until the last round
  int rounds_ = 0;
};

}  // namespace moult
