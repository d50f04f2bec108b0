#pragma once

#include <optional>

#include "migration/vendor_strategy.hpp"

namespace moult {

/// The `hooks` strategy: the vendor's own commands carry the set (docs/descriptors.md).
///
/// Moments have numbers, and a round counts only once its replay has ended well: what follows then asks for the changes
/// since that moment. A round whose answer was lost is asked again from the moment before, so nothing depends on what
/// arrived; `replay` of what was replayed before changes nothing. The moment that counts is kept in a file on this host
/// for a later process; where it is missing, or the source does not know it any more, all that the set holds is
/// carried.
class HooksStrategy final : public VendorStrategy {
 public:
  using VendorStrategy::VendorStrategy;

  Result<> start_capture() override;
  Result<bool> keep_capture() override;
  Result<> open_target() override { return {}; }
  Result<> close_target() override { return {}; }
  Result<> save_target() override { return {}; }
  Result<> restore_target() override { return {}; }
  Result<> take_up() override;
  Result<RoundReport> round() override;
  /// On the way back all is carried once, before anybody waits: when the original was let go behind its seal, writers
  /// that had waited went on there, and what nobody was told to be safe must give way.
  Result<RoundReport> thorough_round() override;
  Result<RoundReport> last_round() override;

 private:
  void differed() override { forget_moment(); }
  [[nodiscard]] std::string position_file() const { return setup_.spool + ".moment"; }
  Result<> carried_until(std::uint64_t number);
  void recall();
  void forget_moment();
  Result<RoundReport> carry(int most_parts);
  Result<HookAnswer> carry_part(HookSide& source, HookSide& target, RoundReport& report);

  int rounds_ = 0;
  std::optional<std::uint64_t> since_;  ///< all up to this moment was carried; nothing: the next round is whole
};

}  // namespace moult
