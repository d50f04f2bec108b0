#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

enum class CutoverMode {
  automatic,  ///< as soon as the gates hold
  manual,     ///< when `moult cutover RUN` says so
  at_time,    ///< not before a moment
};

/// What the person who starts a run decides. Persisted with it.
struct RunOptions {
  CutoverMode cutover = CutoverMode::automatic;
  std::chrono::system_clock::time_point at{};  ///< for at_time
  Millis max_stall{2000};                      ///< a cutover that would hold clients longer is not begun, or given up
  Millis drain_deadline{1000};                 ///< part of the stall
  Millis boot{std::chrono::minutes{5}};        ///< until a clone's guest agent must answer
  std::optional<Millis> confirm_within{};      ///< from the commit on; without a confirmation by then: back again
  std::optional<std::uint64_t> throttle{};     ///< bytes a second that each disk of a slowed original may always write
  bool accept_one_way = false;                 ///< go on although a data set has no way back that loses nothing
  bool rehearse = false;                       ///< stop at ready, report the stall, abort
  bool finish = false;                         ///< give the way back up when the check is good, or it is confirmed
};

[[nodiscard]] std::string options_to_json(const RunOptions& options);
[[nodiscard]] Result<RunOptions> options_from_json(const std::string& text);

}  // namespace moult
