#pragma once

#include <cstddef>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult::haproxy {

/// HAProxy's runtime API on its unix socket. Holds no connection between calls: HAProxy may restart at any time.
class RuntimeApi {
 public:
  explicit RuntimeApi(std::string socket) : socket_(std::move(socket)) {}

  /// Sends one line (commands joined with ';' run in order) and returns the whole answer. Errors: unreachable (nobody
  /// answers within the deadline), invalid (an answer out of bounds).
  [[nodiscard]] Result<std::string> ask(const std::string& line) const;

  [[nodiscard]] const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
};

}  // namespace moult::haproxy
