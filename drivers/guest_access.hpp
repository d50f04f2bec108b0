#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// A command to run in a guest.
struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;  ///< added to a plain environment (PATH, LANG=C.UTF-8)
  std::string input;                       ///< standard input
  Millis timeout{std::chrono::seconds{60}};
  std::size_t output_limit = 1U << 20;  ///< per stream, bytes kept; the rest is dropped and `truncated` says so
};

struct Outcome {
  int exit_code = 0;  ///< 128 + N when killed by signal N
  std::string out, err;
  bool truncated = false;
  [[nodiscard]] bool good() const { return exit_code == 0; }
};

using Bytes = std::span<const std::byte>;
/// Receives bytes in order; an error stops the sender.
using ByteSink = std::function<Result<>(Bytes)>;
/// Fills the buffer, returns how many bytes; 0 at the end.
using ByteSource = std::function<Result<std::size_t>(std::span<std::byte>)>;

/// Commands and files in one guest. Safe to call from several threads at once.
class GuestAccess {
 public:
  virtual ~GuestAccess() = default;
  /// Runs a command and waits for its end. A command that ends with a bad exit code is an Outcome, not an error.
  /// Errors: timeout (the whole process group was killed), unreachable (connection lost: disposition ambiguous),
  /// not_found (no such program).
  virtual Result<Outcome> run(const Command& command) = 0;
  /// Writes a file whole: to a temporary name beside it, synced, renamed. `mode` as in chmod(2).
  virtual Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) = 0;
  /// Reads a file to the sink. Errors: not_found, or what the sink returned.
  virtual Result<> get(const std::string& path, const ByteSink& sink) = 0;
};

}  // namespace moult
