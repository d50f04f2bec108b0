#include "orchestrator/interrupt_watch.hpp"

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

bool InterruptWatch::clones_are_expendable() const {
  const auto record = run_.world.store.journal().run(run_.id());
  if (!record) return false;
  const auto state = run_state_of(record->state);
  // Who was asked before `ready` begins never cuts over. In `ready` the switch may be a moment away.
  return state == RunState::cloning || state == RunState::upgrading || state == RunState::converging;
}

void InterruptWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!over_.wait_for(lock, Millis{100}, [this] { return done_; })) {
    if (!run_.world.interrupt.asked()) continue;
    run_.world.observer.warn("stopping; the run is undone (this takes a moment)");
    if (clones_are_expendable())
      for (const auto& pair : run_.machines()) (void)run_.platform().lifecycle().stop(pair.clone, Millis{0});
    return;
  }
}

}  // namespace moult
