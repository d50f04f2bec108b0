#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace notes_test {

struct Ended {
  int status = -1;  ///< exit code; -1: killed by a signal
  std::string output;
};

/// Runs a program to its end with the given standard input; its standard output comes back.
[[nodiscard]] Ended run(const std::vector<std::string>& command, const std::string& input = "");

/// A program that runs for as long as the object lives.
class Background {
 public:
  explicit Background(const std::vector<std::string>& command);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

 private:
  pid_t pid_;
};

/// A TCP port of 127.0.0.1 that nobody listens on just now.
[[nodiscard]] int free_port();

}  // namespace notes_test
