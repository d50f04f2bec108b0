#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "record.hpp"

namespace load {

struct Plan {
  std::string host = "10.77.0.1";
  int port = 8080;
  int workers = 8;
  double rate = 70;  ///< requests a second, of all workers; half of them are writes
  std::chrono::seconds longest{900};
  std::chrono::seconds timeout{10};  ///< a request that waits longer has failed
};

/// Sends requests at an even pace until told to stop or `longest` is over: most on connections that are kept, every
/// tenth on a new one. A worker that had to wait does not catch up, so a stall is not followed by a flood.
void run(const Plan& plan, Log& log, const std::atomic<bool>& stop);

}  // namespace load
