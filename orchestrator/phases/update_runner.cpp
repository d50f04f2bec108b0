#include "orchestrator/phases/update_runner.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace moult {
namespace {

class Runner {
 public:
  Runner(UpdateQueue queue, Workers& workers, const Update& update)
      : queue_(std::move(queue)), workers_(workers), update_(update) {}

  Result<> all() {
    MOULT_TRY(work_off(take()));
    if (!queue_.empty()) return fail(Code::internal, "components are left that nothing lets start");
    return {};
  }

 private:
  /// What may start now, on every machine; nothing once an update has failed.
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return failed_ ? std::vector<std::string>() : queue_.take();
  }

  Result<> work_off(std::vector<std::string> names) {
    while (names.size() == 1) {  // a chain, however long, needs no stack
      MOULT_TRY(update(names.front()));
      names = take();
    }
    std::vector<Workers::Job> jobs;
    jobs.reserve(names.size());
    for (const auto& name : names)
      jobs.emplace_back([this, name]() -> Result<> {
        MOULT_TRY(update(name));
        return work_off(take());
      });
    return workers_.all(std::move(jobs));
  }

  Result<> update(const std::string& name) {
    auto updated = update_(name);
    const std::lock_guard lock(mutex_);
    queue_.done(name);
    failed_ = failed_ || !updated;
    return updated;
  }

  std::mutex mutex_;
  UpdateQueue queue_;
  Workers& workers_;
  const Update& update_;
  bool failed_ = false;
};

}  // namespace

Result<> run_updates(UpdateQueue queue, Workers& workers, const Update& update) {
  return Runner(std::move(queue), workers, update).all();
}

}  // namespace moult
