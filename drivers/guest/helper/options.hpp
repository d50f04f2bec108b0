#pragma once

#include <chrono>
#include <string>

#include "descriptors/base/result.hpp"

namespace moult::guest {

/// What the helper is told at its start.
struct Options {
  std::string run;                  ///< --run: letters, digits, '.', '_' and '-'
  std::string port;                 ///< --port: name of the virtio port; a daemon is made
  int fd = -1;                      ///< --fd: serve on this descriptor, in the foreground, until it closes
  std::string sha256;               ///< --sha256: what this program's own file must have
  std::string base = "/run/moult";  ///< --base: the run's directory is below it
  std::chrono::seconds idle = std::chrono::hours(24);  ///< --idle: remove everything when no host called for so long
  bool remove = false;                                 ///< --remove: stop the run's helper, delete its traces and end
  [[nodiscard]] std::string home() const { return base + "/" + run; }
};

[[nodiscard]] Result<Options> parse_options(int argc, char** argv);

}  // namespace moult::guest
