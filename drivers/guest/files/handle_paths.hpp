#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"

namespace moult::files {

/// A mount that handles of its file system are resolved through. As long as it is held, its id is no other's.
struct HeldMount {
  std::string fsid;
  std::uint64_t id = 0;
  Fd directory;
};
/// The mount that an open directory was reached through. Errors: io.
Result<HeldMount> hold_mount(Fd directory);

/// Turns the directory handles of events into present absolute paths. Remembers what it found until a directory moves.
/// Not thread-safe.
class HandlePaths {
 public:
  /// A directory's paths: one for each mount of its file system, for sets may lie on several. Of one that is not
  /// below a mount's root the kernel gives a path which leads elsewhere or nowhere. None: it is gone.
  using Paths = std::vector<std::string>;

  /// Lets handles of a file system be resolved, through this mount too.
  void add(HeldMount mount);
  /// `fsid` and `handle` are bytes of an event. The paths are there until the next call.
  /// Errors: io where it cannot be known, also of a file system that was never added; that is not remembered.
  Result<const Paths*> resolve(std::string_view fsid, std::string_view handle);
  void forget() { paths_.clear(); }

 private:
  [[nodiscard]] static Result<Paths> look_up(const std::vector<HeldMount>& mounts, std::string_view handle);
  std::unordered_map<std::string, std::vector<HeldMount>> mounts_;  ///< by fsid
  std::unordered_map<std::string, Paths> paths_;
};

}  // namespace moult::files
