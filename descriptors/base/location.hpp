#pragma once

#include <string>

namespace moult {

/// Where in a file a value was written. Lines and columns count from 1; 0 means "not from a file".
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  [[nodiscard]] std::string text() const { return file + ":" + std::to_string(line) + ":" + std::to_string(column); }
};

}  // namespace moult
