#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/sim/options.hpp"
#include "orchestrator/run_options.hpp"

namespace moult::test {

/// What a seed makes of a life: how large its world is, what its run is asked for, and which faults may strike. All
/// numbers, so that a failing life is made smaller by making them simpler.
class Shape {
 public:
  enum Field : std::uint8_t {
    clients,
    think_ms,
    nics,
    disks,
    files,
    silent_ppm,
    holds,         ///< the entry can hold requests
    hooks,         ///< vendors' quiesce, warm and activate hooks
    reboot,        ///< an update asks for a reboot
    blind,         ///< a weakened capture, which no seed chooses: it does not ask what is held for writing
    handover,      ///< the data are on a disk that changes hands, which no seed chooses: `--with handover=1`
    fstab,         ///< a guest that starts mounts such a disk by itself
    comes_back,    ///< a guest that panics starts again by itself
    finish,        ///< the run gives the way back up by itself
    confirm_s,     ///< the time for a confirmation; 0: none is asked for
    rehearse,      ///< the run ends with its rehearsal
    max_stall_ms,  ///< 0: the usual one
    serve_s,       ///< between two words
    faulty_words,  ///< words of persons that still meet faults
    outpaced,      ///< clients write faster than rounds carry, and the run may slow the original's disks
    leave,         ///< a run in confirming is left as it is
    calm,          ///< calls before chance strikes, counted from the place that `since` names
    most,          ///< strikes
    kinds,         ///< bit n: the fault kind of number n may strike
    ppm,           ///< each of them, at each call
    burst,         ///< so many times as likely just after a strike
    since,         ///< chance waits for a place in the run: the number of kPlaces; 0: it does not
    focus,         ///< strikes seek out calls of this CallId, counted from 1; 0: none
    sure,          ///< where chance begins to strike it does so for certain
    next,          ///< and then at the next call of this CallId, counted from 1; 0: anywhere
    count_
  };
  static constexpr std::size_t kFields = count_;
  static constexpr std::size_t kFirstOfChance = calm;  ///< from here on fields say no more than what chance may do

  /// The seed's.
  explicit Shape(std::uint64_t seed);
  [[nodiscard]] long operator[](Field field) const { return values_[field]; }
  void set(Field field, long value) { values_[field] = value; }
  /// The simplest that a field can be.
  [[nodiscard]] static long simplest(Field field);
  /// "clients=1,nics=1": where it differs from another one.
  [[nodiscard]] std::string difference(const Shape& other) const;
  /// Takes such a text over. Error: invalid.
  Result<> apply(const std::string& text);

  [[nodiscard]] SimOptions options(std::uint64_t seed) const;
  [[nodiscard]] RunOptions run_options() const;

 private:
  std::array<long, kFields> values_{};
};

}  // namespace moult::test
