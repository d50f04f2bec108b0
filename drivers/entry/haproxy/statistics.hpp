#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult::haproxy {

struct Server {
  std::string backend, name;
  std::string status;  ///< "UP", "UP 1/3", "DOWN", "MAINT", "DRAIN", "no check", ...
  /// Takes requests as far as HAProxy knows.
  [[nodiscard]] bool up() const { return !down() && !maintained() && !draining(); }
  [[nodiscard]] bool down() const { return status.starts_with("DOWN"); }
  /// Out of service by an administrator's word: never touched.
  [[nodiscard]] bool maintained() const { return status.starts_with("MAINT"); }
  [[nodiscard]] bool draining() const { return status.starts_with("DRAIN"); }
};

struct Backend {
  std::string name;
  std::uint64_t in_flight = 0;         ///< requests given to it and not answered whole, queued ones included
  std::uint64_t open_connections = 0;  ///< HTTP connections to its servers, idle ones included
  std::vector<Server> servers;
};

/// What `show stat` says.
struct Statistics {
  std::vector<std::string> frontends;
  std::vector<Backend> backends;
};

/// Reads the CSV form of `show stat`, several answers in a row included. Error: invalid, when a column is missing.
[[nodiscard]] Result<Statistics> read_statistics(std::string_view csv);

}  // namespace moult::haproxy
