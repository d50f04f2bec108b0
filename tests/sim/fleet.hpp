#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/life.hpp"

namespace moult::test {

/// Many lives, side by side.
struct FleetSpec {
  std::uint64_t from = 1, count = 1000;
  unsigned jobs = 1;
  bool keep_going = false;  ///< otherwise no life is begun once one has failed
  std::string with;         ///< parts of a shape that every life has
};

struct FleetEnd {
  std::uint64_t cases = 0, bad = 0, struck = 0, switched = 0, calls = 0;
  std::uint64_t hash = 0;  ///< of all lives, whatever their order: the same lives have the same, for any number of jobs
  double seconds = 0;
  std::vector<std::uint64_t> failed;  ///< seeds, ascending; the first hundred
};

/// The life of one seed in this fleet.
[[nodiscard]] LifeSpec spec_of(const FleetSpec& fleet, std::uint64_t seed);
[[nodiscard]] FleetEnd live_all(const FleetSpec& spec);

/// A directory that is gone with its owner: in memory where the system has such a place.
class Desk {
 public:
  Desk();
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace moult::test
