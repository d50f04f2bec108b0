#pragma once

#include "orchestrator/run_context.hpp"

namespace moult {

struct Renewal {
  bool anew = false;       ///< a helper or a capture was lost, and another one was begun
  bool all_answer = true;  ///< every guest's helper answers now
  void add(const Renewal& other) {
    anew = anew || other.anew;
    all_answer = all_answer && other.all_answer;
  }
};

/// The captures on the originals as they are: where a helper was lost (killed, or its guest rebooted) another one is
/// begun, which knows nothing of what changed before it, so that the next round of its sets compares both sides whole.
/// That is said, and stands in the audit log (`capture.begun_anew`). Clones get another helper as well: it knows
/// nothing of `files` that were carried, but a set that needs it as a way alone goes on. Takes a guest's boot at most.
/// Error: no helper is to be had, or a set cannot be captured any more.
[[nodiscard]] Result<Renewal> renew_captures(RunContext& run);

/// `keep_capture`, and what it found out is said. True: it had been lost.
[[nodiscard]] Result<bool> keep_capture(RunContext& run, DataStrategy& set);

}  // namespace moult
