#pragma once

#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// Which network a machine's NICs are on.
enum class Side {
  production,  ///< where clients reach it
  isolated,    ///< the run's network of clones: no host address, no way out
  sealed,      ///< the run's second network: for machines that must not serve
  mixed,       ///< NICs on different sides: a switch was cut short
};
[[nodiscard]] constexpr const char* name_of(Side side) {
  switch (side) {
    case Side::production:
      return "production";
    case Side::isolated:
      return "isolated";
    case Side::sealed:
      return "sealed";
    case Side::mixed:
      return "mixed";
  }
  return "mixed";
}

/// The network places of a run. Idempotent; safe from several threads for different machines.
class NetworkPort {
 public:
  virtual ~NetworkPort() = default;
  /// Creates the run's isolated and sealed networks on a host, without addresses and without forwarding.
  virtual Result<> create(const std::string& run, const std::string& uri) = 0;
  virtual Result<> remove(const std::string& run, const std::string& uri) = 0;
  /// Moves all NICs of a machine (an original or a clone of the run), live. Where production is, is taken
  /// from the original's persistent description as it was when the run began. Takes milliseconds.
  virtual Result<> move(const std::string& run, const MachineRef& original, const MachineRef& machine, Side to) = 0;
  virtual Result<Side> where(const std::string& run, const MachineRef& machine) = 0;
  /// From now on a start of this original, by whomever, brings it up on the run's sealed network: it must not serve
  /// beside its clone. Its running form is left alone, and where production is stays known. Idempotent.
  virtual Result<> keep_sealed(const std::string& run, const MachineRef& original) = 0;
  /// Undoes `keep_sealed`, to the letter. Idempotent, also for an original that was never sealed, or is no more.
  virtual Result<> lift_seal(const MachineRef& original) = 0;
};

}  // namespace moult
