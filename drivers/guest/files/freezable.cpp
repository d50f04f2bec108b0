#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "drivers/guest/files/freezer.hpp"
#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

bool block_backed(const Mount& mount) { return mount.source.starts_with("/dev/") && mount.type != "devtmpfs"; }

/// The mount that a directory lies on: the last one mounted at its longest prefix.
const Mount* mount_of(const std::vector<Mount>& mounts, const std::string& directory) {
  const Mount* best = nullptr;
  for (const auto& mount : mounts) {
    const bool covers = mount.point == "/" || mount.point == directory || is_below(directory, mount.point);
    if (covers && (best == nullptr || mount.point.size() >= best->point.size())) best = &mount;
  }
  return best;
}

/// Another file system may have been mounted over it. Btrfs numbers its subvolumes apart from the whole.
bool visible(const Mount& mount) {
  struct stat st {};
  return ::stat(mount.point.c_str(), &st) == 0 && (st.st_dev == mount.device || mount.type == "btrfs");
}

Result<> add_directory(const std::vector<Mount>& mounts, const std::string& directory, std::set<dev_t>& wanted) {
  const auto* mount = mount_of(mounts, directory);
  if (mount == nullptr) return fail(Code::not_found, "no file system holds " + shown(directory));
  if (!block_backed(*mount))
    return fail(Code::refused, shown(directory) + " lies on " + mount->type + ", which cannot be frozen",
                "keep the set on a file system of a disk (ext4, XFS, Btrfs)");
  wanted.insert(mount->device);
  for (const auto& below : mounts)
    if (is_below(below.point, directory) && block_backed(below) && below.writable) wanted.insert(below.device);
  return {};
}

}  // namespace

Result<std::vector<Mount>> mounts_to_freeze(const std::vector<std::string>& directories) {
  MOULT_ASSIGN(auto mounts, read_mounts());
  std::set<dev_t> wanted;
  for (const auto& directory : directories) MOULT_TRY(add_directory(mounts, directory, wanted));
  if (directories.empty())
    for (const auto& mount : mounts)
      if (block_backed(mount) && mount.writable) wanted.insert(mount.device);
  std::vector<Mount> chosen;
  for (auto& mount : mounts)
    if (wanted.contains(mount.device) && visible(mount) && wanted.erase(mount.device) != 0)
      chosen.push_back(std::move(mount));
  if (!wanted.empty()) return fail(Code::refused, "a file system to be frozen is hidden under other mounts");
  return chosen;
}

}  // namespace moult::files
