#include "orchestrator/interrupt_watch.hpp"

#include <utility>

#include "orchestrator/requests.hpp"

namespace moult {

InterruptWatch::InterruptWatch(RunContext& run) : run_(run), thread_([this] { watch(); }) {}

InterruptWatch::~InterruptWatch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  over_.notify_all();
  thread_.join();
}

namespace {

constexpr Millis kPause{200};

/// Who was asked before `ready` begins never cuts over. In `ready` the switch may be a moment away.
bool clones_are_expendable(RunState state) {
  return state == RunState::cloning || state == RunState::upgrading || state == RunState::converging;
}

const char* what_follows(RunState state) {
  if (state == RunState::confirming) return "what is being done ends first; the clone serves on";
  if (state == RunState::cutting_over) return "before the commit the run is undone; after it the clone serves on";
  return "the run is undone (this takes a moment)";
}

}  // namespace

std::optional<RunState> InterruptWatch::state() const {
  const auto record = run_.world.store.journal().run(run_.id());
  return record ? run_state_of(record->state) : std::nullopt;
}

/// `moult abort` from another process. In `ready` and after it the run itself looks for such words.
void InterruptWatch::hear() {
  const auto now = state();
  if (!now || !clones_are_expendable(*now)) return;
  const auto word = take_request(run_.world.store, run_.id());
  if (word && *word == Request::abort) run_.world.interrupt.ask();
}

void InterruptWatch::watch() {
  std::unique_lock lock(mutex_);
  bool said = false;
  while (!over_.wait_for(lock, kPause, [this] { return done_; })) {
    if (!run_.world.interrupt.asked()) hear();
    if (!run_.world.interrupt.asked()) continue;
    const auto now = state();
    if (!now) continue;
    if (!std::exchange(said, true)) run_.world.observer.warn(std::string("stopping; ") + what_follows(*now));
    // A clone may be started a moment after it was looked for.
    if (!clones_are_expendable(*now)) return;
    for (const auto& pair : run_.machines()) (void)run_.platform().lifecycle().stop(pair.clone, Millis{0});
  }
}

}  // namespace moult
