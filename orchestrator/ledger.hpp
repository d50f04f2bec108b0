#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"
#include "drivers/clock.hpp"
#include "orchestrator/observer.hpp"
#include "orchestrator/run_state.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {

/// What the audit log keeps of an error: its code, what it says, and the remedy.
[[nodiscard]] std::string facts_of(const Error& error);

/// Writes down what a run does: intent before, outcome after, an audit row for people, a word to the observer. Safe
/// from several threads.
class Ledger {
 public:
  Ledger(Store& store, Clock& clock, Observer& observer, std::string run, std::string actor)
      : store_(store), clock_(clock), observer_(observer), run_(std::move(run)), actor_(std::move(actor)) {}

  /// An effect returns the facts (a JSON object) that the audit log keeps of it.
  using Effect = std::function<Result<std::string>()>;

  /// Records the intent durably, runs the effect, records the outcome. The effect's error is returned; an error of
  /// the journal itself comes first: then the effect did not run, or its outcome is unknown.
  Result<> perform(std::string_view step, const std::string& subject, const Effect& effect);
  /// The same for an effect without facts.
  Result<> perform_plain(std::string_view step, const std::string& subject, const std::function<Result<>()>& effect);
  /// An audit row beside the steps.
  Result<> record(const std::string& event, const std::string& facts);
  /// Takes the run from one state to the next; refused when the table or the journal does not allow it.
  Result<RunState> advance(RunState from, RunEvent event, const std::string& facts = "{}");

  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] Observer& observer() { return observer_; }
  /// Writes down that steps of this name were taken back, so that nobody takes them for done or half done later.
  Result<> take_back(std::string_view step, const std::string& subject);
  [[nodiscard]] Stamp stamp() const;

 private:
  Result<> conclude(std::int64_t sequence, std::string_view step, const std::string& subject, Millis took,
                    const Result<std::string>& result);

  Store& store_;
  Clock& clock_;
  Observer& observer_;
  std::string run_;
  std::string actor_;
};

}  // namespace moult
