#pragma once

#include <string>
#include <vector>

#include "catch.hpp"
#include "orchestrator/throttle.hpp"
#include "tests/sim/sim_run.hpp"

// What the tests of originals that are slowed share.
namespace moult::test {

inline constexpr std::uint64_t kFloor = 8192;  ///< bytes a second: two notes

/// About 20 writes a second, of about 15 notes; a clone takes 9.
[[nodiscard]] inline SimOptions outpaced(std::uint64_t seed, unsigned slower = 1) {
  auto options = two_machines(seed);
  options.think = Millis{100} * slower;
  options.slow_clone = Millis{110} * slower;
  return options;
}

[[nodiscard]] inline RunOptions with_throttle(std::uint64_t floor = kFloor) {
  RunOptions options;
  options.throttle = floor;
  return options;
}

[[nodiscard]] inline std::vector<std::string> rows_of(SimRun& run, const std::string& event) {
  std::vector<std::string> facts;
  REQUIRE(read_run(run.store().audit(), "r1", [&](const AuditRow& row) -> Result<> {
    if (row.event == event) facts.push_back(row.facts);
    return {};
  }));
  return facts;
}

[[nodiscard]] inline bool is_slowed(SimRun& run) {
  return run.world().inventory(false).find("<=") != std::string::npos;
}

[[nodiscard]] inline bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// Each round takes longer than clients may wait, whatever it brings.
[[nodiscard]] inline sim::FaultPlan slow_rounds() {
  sim::FaultPlan slow;
  slow.rules.push_back({sim::FaultKind::slow, "apply", 0, {}, Millis{3000}});
  return slow;
}

}  // namespace moult::test
