#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/sim/trace.hpp"
#include "orchestrator/run_state.hpp"
#include "tests/sim/shape.hpp"

namespace moult::test {

/// One life of a run: which seed, what it makes, and instead of chance, if given, what strikes.
struct LifeSpec {
  std::uint64_t seed = 1;
  Shape shape{1};
  std::optional<std::vector<sim::Strike>> strikes{};
  bool keep_trace = false;
};

/// How it went.
struct LifeEnd {
  std::vector<sim::Violation> violations;
  std::vector<sim::Strike> struck;
  std::optional<RunState> state;  ///< none: the run never began
  bool switched = false;          ///< it came through its cutover
  std::uint64_t hash = 0;         ///< of everything that happened: the same life has the same
  std::uint64_t calls = 0;
  std::string trace;  ///< where it was asked for: every event
  std::string words;  ///< and what was asked for and said
};

/// Lives it: an upgrade; what persons ask for who find the run without a process, or want it back, or done; other
/// orchestrators that try meanwhile; and at last a person who mends what faults broke and ends the run. Then one side
/// must serve, hold what clients were told in the form of its level, and nothing of a run that was undone may be left.
/// `desk` is a real directory of the caller's own thread, for locks and spools.
[[nodiscard]] LifeEnd live(const LifeSpec& spec, const std::string& desk);

}  // namespace moult::test
