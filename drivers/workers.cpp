#include "drivers/workers.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>

namespace moult {
namespace {

/// An exception that leaves a job would end the process while others are half way: it becomes the job's error.
Result<> contained(const Workers::Job& job) {
  try {
    return job();
  } catch (const std::exception& error) {
    return fail(Code::internal, std::string("a job threw: ") + error.what());
  } catch (...) {
    return fail(Code::internal, "a job threw something that is no exception");
  }
}

class ThreadWorkers final : public Workers {
 public:
  explicit ThreadWorkers(unsigned limit) : limit_(std::max(limit, 1U)) {}

  Result<> all(std::vector<Job> jobs) override {
    std::vector<Result<>> results(jobs.size());
    std::atomic<std::size_t> next{0};
    auto work = [&] {
      for (std::size_t i = next++; i < jobs.size(); i = next++) results[i] = contained(jobs[i]);
    };
    {
      std::vector<std::jthread> helpers;
      const std::size_t wanted = std::min<std::size_t>(limit_, jobs.size());
      helpers.reserve(wanted);
      for (std::size_t i = 1; i < wanted; ++i) {
        try {
          helpers.emplace_back(work);
        } catch (const std::system_error&) {
          break;  // fewer threads are slower, not wrong: the caller's own thread does what is left
        }
      }
      work();
    }
    for (auto& result : results)
      if (!result) return std::move(result);
    return {};
  }

 private:
  unsigned limit_;
};

}  // namespace

std::unique_ptr<Workers> make_thread_workers(unsigned limit) { return std::make_unique<ThreadWorkers>(limit); }

}  // namespace moult
