#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace moult::test {

/// One request of the load.
struct Sample {
  std::chrono::steady_clock::time_point start;
  std::chrono::microseconds took{0};
  int status = 0;  ///< 0: no answer
  std::string body;
};

/// Clients that ask all the time, half over kept-alive connections and half over a new one each time.
class Load {
 public:
  Load(int clients, std::chrono::milliseconds pause);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  /// Ends the load and returns every request.
  std::vector<Sample> stop();

 private:
  void client(bool keep_alive, std::chrono::milliseconds pause);
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<Sample> samples_;
  std::vector<std::thread> threads_;
};

}  // namespace moult::test
