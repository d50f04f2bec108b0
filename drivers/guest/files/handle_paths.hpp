#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"

namespace moult::files {

/// Turns the directory handles of events into present absolute paths. Remembers what it found until a directory moves.
/// Not thread-safe.
class HandlePaths {
 public:
  /// Lets handles of the directory's file system be resolved.
  Result<> add_file_system(const std::string& directory);
  /// `fsid` and `handle` are bytes of an event. "" when the directory is gone; nullptr when the file system is unknown.
  const std::string* resolve(std::string_view fsid, std::string_view handle);
  void forget() { paths_.clear(); }

 private:
  [[nodiscard]] std::string look_up(int mount, std::string_view handle) const;
  std::unordered_map<std::string, Fd> mounts_;  ///< by fsid
  std::unordered_map<std::string, std::string> paths_;
};

}  // namespace moult::files
