#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult {

/// Runs independent jobs side by side. A second implementation runs them one after another in a seeded order, so
/// that a simulated run can be replayed.
class Workers {
 public:
  using Job = std::function<Result<>()>;
  virtual ~Workers() = default;
  /// Runs all jobs and waits for all of them. Returns the first failure in the order of `jobs`; the others still end.
  virtual Result<> all(std::vector<Job> jobs) = 0;
};

/// A thread for each job, at most `limit` at once.
[[nodiscard]] std::unique_ptr<Workers> make_thread_workers(unsigned limit);

}  // namespace moult
