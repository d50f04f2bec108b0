#include "migration/files_preflight.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

namespace moult {
namespace {

struct Mount {
  std::string source, point, type;
};

/// A kind of file system on which a set cannot be carried.
struct Unfit {
  std::string_view type, why;
};

constexpr std::string_view kNetwork = "a network file system: what other machines write there is not noticed";
constexpr std::string_view kMemory = "in memory: the clone's disks do not hold it, and it cannot be frozen";
constexpr std::string_view kLayers = "a file system made of layers, which cannot be frozen";
constexpr std::string_view kProgram = "a file system that a program provides, which cannot be frozen";
constexpr std::string_view kKernel = "the kernel's own: it holds no files of anybody";

constexpr std::array kUnfit{
    Unfit{"nfs", kNetwork},     Unfit{"nfs4", kNetwork},      Unfit{"cifs", kNetwork},    Unfit{"smb3", kNetwork},
    Unfit{"smbfs", kNetwork},   Unfit{"ceph", kNetwork},      Unfit{"afs", kNetwork},     Unfit{"lustre", kNetwork},
    Unfit{"9p", kNetwork},      Unfit{"virtiofs", kNetwork},  Unfit{"gfs2", kNetwork},    Unfit{"ocfs2", kNetwork},
    Unfit{"beegfs", kNetwork},  Unfit{"gpfs", kNetwork},      Unfit{"ncpfs", kNetwork},   Unfit{"tmpfs", kMemory},
    Unfit{"ramfs", kMemory},    Unfit{"rootfs", kMemory},     Unfit{"devtmpfs", kMemory}, Unfit{"hugetlbfs", kMemory},
    Unfit{"overlay", kLayers},  Unfit{"aufs", kLayers},       Unfit{"proc", kKernel},     Unfit{"sysfs", kKernel},
    Unfit{"cgroup", kKernel},   Unfit{"cgroup2", kKernel},    Unfit{"devpts", kKernel},   Unfit{"debugfs", kKernel},
    Unfit{"tracefs", kKernel},  Unfit{"securityfs", kKernel}, Unfit{"mqueue", kKernel},   Unfit{"bpf", kKernel},
    Unfit{"configfs", kKernel},
};

/// Empty: nothing is known against it.
std::string_view unfit(const std::string& type) {
  if (type == "fuse" || type.starts_with("fuse.")) return kProgram;
  for (const auto& each : kUnfit)
    if (each.type == type) return each.why;
  return {};
}

/// Undoes "\040" and the like, as the kernel writes spaces in its table of mounts.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size();
    out += escaped ? static_cast<char>(std::strtoul(text.substr(i + 1, 3).c_str(), nullptr, 8)) : text[i];
    if (escaped) i += 3;
  }
  return out;
}

std::vector<Mount> read_mounts(const std::string& table) {
  std::vector<Mount> mounts;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    Mount mount;
    if (!(in >> mount.source >> mount.point >> mount.type)) continue;
    mount.source = unescaped(mount.source);
    mount.point = unescaped(mount.point);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool is_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return path.size() > 1;
  return path.size() > directory.size() && path[directory.size()] == '/' && path.starts_with(directory);
}

/// What holds a directory: of the mounts that cover it the longest, and of equal ones the last.
const Mount* mount_of(const std::vector<Mount>& mounts, const std::string& directory) {
  const Mount* best = nullptr;
  for (const auto& mount : mounts)
    if ((mount.point == directory || is_below(directory, mount.point)) &&
        (best == nullptr || mount.point.size() >= best->point.size()))
      best = &mount;
  return best;
}

/// Does a pattern take the path out of the set? Where a pattern of the set's means less than this takes it to mean, the
/// helper refuses what is left: here a doubt is no blocker.
bool excluded(const DataSpec& data, std::string path) {
  for (; !path.empty(); path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/')))
    for (const auto& pattern : data.exclude) {
      const bool named = pattern.find('/') == std::string::npos;
      const auto subject = named ? path.substr(path.find_last_of('/') + 1) : path;
      const auto plain = pattern.starts_with("/") ? pattern.substr(1) : pattern;
      const int flags = plain.find("**") == std::string::npos ? FNM_PATHNAME : 0;
      const bool below =
          plain.ends_with("/**") && ::fnmatch(plain.substr(0, plain.size() - 3).c_str(), subject.c_str(), flags) == 0;
      if (below || ::fnmatch(plain.c_str(), subject.c_str(), flags) == 0) return true;
    }
  return false;
}

std::string shown(const Mount& mount) { return mount.type + " (" + mount.source + " at " + mount.point + ")"; }

Error on_unfit(const std::string& root, const Mount& mount, std::string_view why) {
  return {Code::refused, root + " lies on " + shown(mount) + ", " + std::string(why),
          "Keep the data on a file system of one of the machine's own disks, ext4 or XFS; or drop the set from the "
          "descriptor, if both levels may share it."};
}

Error unfit_inside(const std::string& root, const Mount& mount, std::string_view why) {
  return {Code::refused, shown(mount) + " is mounted inside " + root + "; it is " + std::string(why),
          "Exclude " + mount.point.substr(root == "/" ? 1 : root.size() + 1) + " from the set, or unmount it."};
}

Error not_there(const std::string& root, const Outcome& outcome) {
  auto reason = outcome.err.substr(0, outcome.err.find('\n'));
  return {Code::not_found, root + " is no directory of this machine" + (reason.empty() ? "" : ": " + reason),
          "Correct `files` in the maintenance descriptor, or make the directory on the machine."};
}

std::vector<Error> look(const DataSpec& data, const std::string& real, const std::vector<Mount>& mounts) {
  std::vector<Error> problems;
  const auto* holder = mount_of(mounts, real);
  if (holder == nullptr)
    problems.push_back({Code::refused, "no file system of this machine's table of mounts holds " + real,
                        "Name a directory on one of the machine's own disks."});
  else if (const auto why = unfit(holder->type); !why.empty())
    problems.push_back(on_unfit(data.root, *holder, why));
  for (const auto& mount : mounts) {
    if (!is_below(mount.point, real) || mount_of(mounts, mount.point) != &mount) continue;
    const auto why = unfit(mount.type);
    if (!why.empty() && !excluded(data, mount.point.substr(real == "/" ? 1 : real.size() + 1)))
      problems.push_back(unfit_inside(real, mount, why));
  }
  return problems;
}

Result<Outcome> ask(GuestAccess& guest, Argv argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = std::chrono::seconds{30};
  return guest.run(command);
}

}  // namespace

Result<std::vector<Error>> files_problems(const DataQuestion& question) {
  const auto& root = question.data.root;
  // "/." at the end: what is no directory has no such entry.
  MOULT_ASSIGN(const auto found, ask(question.guest, {"realpath", "-e", "--", root + "/."}));
  if (!found.good()) return std::vector<Error>{not_there(root, found)};
  const auto real = found.out.substr(0, found.out.find_last_not_of('\n') + 1);
  MOULT_ASSIGN(const auto table, ask(question.guest, {"cat", "/proc/self/mounts"}));
  if (!table.good() || table.truncated)
    return fail(Code::failed, "the machine does not show its table of mounts: " + table.err.substr(0, 200),
                "Mount /proc in the machine.");
  return look(question.data, real, read_mounts(table.out));
}

}  // namespace moult
