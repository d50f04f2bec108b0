#pragma once

#include <string>
#include <vector>

#include "descriptors/base/location.hpp"

namespace moult {

using Argv = std::vector<std::string>;  ///< an argument vector; never a shell string

enum class DriverKind { deb, archive, command };

/// How the level of a component is found: one of three kinds.
struct DetectSpec {
  DriverKind kind = DriverKind::command;
  std::string package;  ///< deb: name of the package
  std::string file;     ///< archive: absolute path in the guest of the file that holds the level
  Argv command;         ///< command: prints the level on its first line of standard output; nothing: not installed
  Location at;
};

}  // namespace moult
