#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/libvirt/host.hpp"

namespace moult::virt {

/// An overlay to be made: an empty qcow2 over a base.
struct OverlaySpec {
  std::string path;
  std::string base, base_format;
  std::uint64_t virtual_bytes = 0;
};

/// Image files in one host's directories, through libvirt's storage pools: so it works on remote hosts, and for a user
/// who may manage machines but not write their directories. A directory that is no active pool becomes one for the
/// length of a call. Thread-safe; one call at a time for one directory.
class OverlayStore {
 public:
  /// Creates the overlays that are missing; one that exists over the same base is kept, over another base it is made
  /// anew. All paths in one directory. Errors: no_space, failed.
  Result<> create(Host& host, const std::vector<OverlaySpec>& overlays);
  /// Deletes those files that exist. All paths in one directory.
  Result<> remove(Host& host, const std::vector<std::string>& paths);
  /// Which of the paths exist. All in one directory.
  Result<std::vector<std::string>> existing(Host& host, const std::vector<std::string>& paths);
  /// Room in a directory. Nothing in the world changes on this machine's own host; on a remote one a directory that is
  /// no pool is one for a moment.
  Result<std::uint64_t> free_bytes(Host& host, const std::string& directory);

 private:
  std::mutex mutex_;
};

/// The host of this URI is this machine.
[[nodiscard]] bool is_local(const std::string& uri);

}  // namespace moult::virt
