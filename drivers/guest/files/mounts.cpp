#include "drivers/guest/files/mounts.hpp"

#include <sys/sysmacros.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

/// Undoes "\040" and the like.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::strtoul(text.substr(i + 1, 3).c_str(), nullptr, 8));
    i += 3;
  }
  return out;
}

bool has_option(const std::string& options, const std::string& wanted) {
  return ("," + options + ",").find("," + wanted + ",") != std::string::npos;
}

/// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue", see proc(5).
bool parse(const std::string& line, Mount& mount) {
  std::istringstream in(line);
  std::string device, root, point, options, field, source, super_options;
  if (!(in >> mount.id >> mount.parent >> device >> root >> point >> options)) return false;
  while (in >> field && field != "-") {
  }
  if (!(in >> mount.type >> source >> super_options)) return false;
  unsigned major = 0, minor = 0;
  if (std::sscanf(device.c_str(), "%u:%u", &major, &minor) != 2) return false;
  mount.device = makedev(major, minor);
  mount.point = unescaped(point);
  mount.source = unescaped(source);
  mount.writable = has_option(super_options, "rw");
  return true;
}

}  // namespace

Result<std::vector<Mount>> read_mounts() {
  std::ifstream in("/proc/self/mountinfo");
  std::vector<Mount> mounts;
  for (std::string line; std::getline(in, line);) {
    Mount mount;
    if (!parse(line, mount)) return fail(Code::io, "cannot read a line of /proc/self/mountinfo");
    mounts.push_back(std::move(mount));
  }
  if (mounts.empty()) return fail(Code::io, "cannot read /proc/self/mountinfo", "mount /proc");
  return mounts;
}

Result<std::vector<Mount>> mounts_below(const std::string& directory) {
  MOULT_ASSIGN(auto mounts, read_mounts());
  std::vector<Mount> below;
  for (auto& mount : mounts)
    if (is_below(mount.point, directory == "/" ? "" : directory)) below.push_back(std::move(mount));
  return below;
}

}  // namespace moult::files
