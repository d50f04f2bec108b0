#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "descriptors/appliance.hpp"
#include "drivers/entry.hpp"

namespace httplib {
class Server;
}

namespace moult::test {

/// One side of the appliance: an HTTP service at kAddress in a network namespace of its own.
class Side {
 public:
  explicit Side(std::string name);
  ~Side();
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] std::string link() const { return "v" + name_; }

 private:
  std::string name_;
  std::unique_ptr<httplib::Server> server_;
  std::atomic<int> requests_{0};
  std::atomic<int> listener_{-1};
  std::thread thread_;
};

/// What a test changes in the configuration.
struct HaproxyOptions {
  bool rule = true;             ///< http-request lua.moult_hold in the frontend
  bool lua = true;              ///< the Lua file is loaded
  std::string level = "admin";  ///< of the stats socket
  std::string backend = "http-reuse always";
  std::string server = "check inter 50ms fall 2 rise 2";
  std::string more;  ///< appended to the configuration
  int max_ms = 60000;
  std::string clock;  ///< what HAProxy's wall clock is off by, for libfaketime: "-1d"
};

/// A real HAProxy before two sides that share one address, in namespaces of the test's own; side A is connected.
class HaproxyWorld {
 public:
  explicit HaproxyWorld(HaproxyOptions options = {});
  ~HaproxyWorld();
  HaproxyWorld(const HaproxyWorld&) = delete;
  HaproxyWorld& operator=(const HaproxyWorld&) = delete;

  [[nodiscard]] EntrySpec spec() const;
  [[nodiscard]] std::unique_ptr<Entry> entry() const;
  /// Connects B in A's place, as a switch does.
  void switch_to_b();
  void disconnect_a();
  void start_haproxy();
  void stop_haproxy();
  /// One line to the runtime API.
  [[nodiscard]] std::string ask(const std::string& line) const;

  static constexpr const char* kHost = "127.0.0.1";
  static constexpr int kPort = 8000;
  Side a{"A"}, b{"B"};

 private:
  HaproxyOptions options_;
  std::string directory_;
  int pid_ = -1;
};

/// One GET through the entry over a new connection: the status and body, or "failed".
struct Answer {
  int status = 0;
  std::string body;
  std::chrono::milliseconds took{0};
};
[[nodiscard]] Answer get(const std::string& path = "/");

}  // namespace moult::test
