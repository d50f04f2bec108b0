#include "migration/files_preflight.hpp"

#include <array>

#include "migration/files_extent.hpp"

namespace moult {
namespace {

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

std::string shown(const Mount& mount) { return mount.type + " (" + mount.source + " at " + mount.point + ")"; }

Error on_unfit(const std::string& root, const Mount& mount, std::string_view why) {
  return {Code::refused, root + " lies on " + shown(mount) + ", " + std::string(why),
          "Keep the data on a file system of one of the machine's own disks, ext4 or XFS; or drop the set from the "
          "descriptor, if both levels may share it."};
}

Error unfit_inside(const std::string& root, const Mount& mount, std::string_view why) {
  return {Code::refused, shown(mount) + " is mounted inside " + root + "; it is " + std::string(why),
          "Exclude " + path_in(mount.point, root) + " from the set, or unmount it."};
}

Error not_there(const std::string& root, const Outcome& outcome) {
  auto reason = outcome.err.substr(0, outcome.err.find('\n'));
  return {Code::not_found, root + " is no directory of this machine" + (reason.empty() ? "" : ": " + reason),
          "Correct `files` in the maintenance descriptor, or make the directory on the machine."};
}

std::vector<Error> look(const DataSpec& data, const std::string& real, const MountTable& mounts) {
  std::vector<Error> problems;
  const auto* holder = mounts.holder_of(real);
  if (holder == nullptr)
    problems.push_back({Code::refused, "no file system of this machine's table of mounts holds " + real,
                        "Name a directory on one of the machine's own disks."});
  else if (const auto why = unfit(holder->type); !why.empty())
    problems.push_back(on_unfit(data.root, *holder, why));
  for (const auto* mount : mounts_in(data, real, mounts))
    if (const auto why = unfit(mount->type); !why.empty()) problems.push_back(unfit_inside(real, *mount, why));
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
  MOULT_ASSIGN(const auto mounts, MountTable::of(question.guest));
  auto problems = look(question.data, real, mounts);
  MOULT_ASSIGN(auto overlaps, overlaps_of(question, real, mounts));
  problems.insert(problems.end(), overlaps.begin(), overlaps.end());
  return problems;
}

}  // namespace moult
