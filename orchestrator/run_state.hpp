#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace moult {

/// Where a run is. The names are persisted and frozen.
enum class RunState {
  planned,
  cloning,
  upgrading,
  converging,
  ready,
  cutting_over,
  confirming,
  finished,
  rolled_back,
  aborted,
};

enum class RunEvent {
  clone,      ///< cloning begins
  upgrade,    ///< the clones are up
  converge,   ///< every old component is updated and checked
  settle,     ///< the forecast stall fits the budget
  cutover,    ///< the hold begins
  give_up,    ///< cutover failed before its commit
  commit,     ///< the clone serves
  finish,     ///< the way back is given up
  roll_back,  ///< the original serves again, with every write
  abort,      ///< the run is undone
  restart,    ///< the clone is made anew, for a process that takes the run up
};

struct Transition {
  RunState from;
  RunEvent event;
  RunState to;
};

/// The whole table.
[[nodiscard]] std::span<const Transition> transitions();
/// The state that an event leads to; nothing when the event is not allowed.
[[nodiscard]] std::optional<RunState> next_state(RunState from, RunEvent event);
[[nodiscard]] std::string_view name_of(RunState state);
[[nodiscard]] std::string_view name_of(RunEvent event);
[[nodiscard]] std::optional<RunState> run_state_of(std::string_view name);
/// True for finished, rolled-back and aborted.
[[nodiscard]] bool is_over(RunState state);

}  // namespace moult
