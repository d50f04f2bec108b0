#include "migration/handover_preflight.hpp"

#include <algorithm>
#include <sstream>

#include "migration/guest_mount.hpp"

namespace moult {
namespace {

Error problem(std::string message, std::string remedy) {
  return {Code::refused, std::move(message), std::move(remedy), {}, Disposition::fail};
}

/// A device of the guest, as lsblk tells of it.
struct Device {
  std::uint64_t bytes = 0;
  std::string kind;  ///< "disk", "part", "lvm", "crypt"
};

Result<Device> look_at_device(GuestAccess& guest, const std::string& path) {
  Command command;
  command.argv = {"lsblk", "-b", "-d", "-n", "-r", "-o", "SIZE,TYPE", path};
  MOULT_ASSIGN(const auto outcome, guest.run(command));
  Device device;
  std::istringstream words(outcome.out);
  if (outcome.good() && words >> device.bytes >> device.kind) return device;
  return fail(Code::failed, "lsblk " + path + " ended with " + std::to_string(outcome.exit_code) + ": " +
                                outcome.err.substr(0, outcome.err.find('\n')));
}

const DiskFacts* find_disk(const MachineFacts& machine, const std::string& target) {
  const auto found = std::find_if(machine.disks.begin(), machine.disks.end(),
                                  [&](const DiskFacts& disk) { return disk.target == target; });
  return found == machine.disks.end() ? nullptr : &*found;
}

std::string targets_of(const MachineFacts& machine) {
  std::string text;
  for (const auto& disk : machine.disks) text += (text.empty() ? "" : ", ") + disk.target;
  return text;
}

/// Inside it, or in another place too: then it could not be unmounted, or its disk would be taken from under it.
Result<std::vector<Error>> problems_of_others(GuestAccess& guest, const MountFacts& mounted, const std::string& root) {
  Command command;
  command.argv = {"cat", "/proc/self/mounts"};
  MOULT_ASSIGN(const auto table, guest.run(command));
  if (!table.good()) return fail(Code::failed, "cat /proc/self/mounts ended with " + std::to_string(table.exit_code));
  std::vector<Error> problems;
  std::istringstream lines(table.out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string source, point;
    words >> source >> point;
    if (point.starts_with(root + "/"))
      problems.push_back(problem(point + " is mounted inside " + root, "Mount it elsewhere: a disk goes alone."));
    else if (source == mounted.source && point != root)
      problems.push_back(problem(source + " on " + root + " is mounted on " + point + " too", "Unmount it there."));
  }
  return problems;
}

/// The guest names its disks by itself, so the name alone proves nothing: the size must be the disk's too.
Result<std::vector<Error>> problems_of_mount(const DataQuestion& question, const DiskFacts& disk) {
  const auto& data = question.data;
  MOULT_ASSIGN(const auto mounted, find_mount(question.guest, data.root));
  if (!mounted)
    return std::vector{problem("nothing is mounted on " + data.root, "Mount disk " + disk.target + " there.")};
  std::vector<Error> problems;
  if (mounted->root != "/")
    problems.push_back(
        problem(data.root + " is a part (" + mounted->root + ") of the file system on " + mounted->source,
                "A disk changes hands whole: name the directory on which all of it is mounted."));
  if (mounted->uuid.empty() || mounted->source.rfind("/dev/", 0) != 0) {
    problems.push_back(problem(data.root + " is no file system of a disk, but " + mounted->source,
                               "Name a data disk of the machine's own."));
    return problems;
  }
  MOULT_ASSIGN(const auto device, look_at_device(question.guest, mounted->source));
  if (device.kind != "disk")
    problems.push_back(
        problem(mounted->source + " on " + data.root + " is of type " + device.kind + ", not a whole disk",
                "Partitions and volumes are not handed over; carry them as `files`."));
  else if (device.bytes != disk.virtual_bytes)
    problems.push_back(problem(mounted->source + " on " + data.root + " has " + std::to_string(device.bytes) +
                                   " bytes, and disk " + disk.target + " has " + std::to_string(disk.virtual_bytes),
                               "Name the disk that is mounted there."));
  MOULT_ASSIGN(const auto root, find_mount(question.guest, "/"));
  if (root && root->source == mounted->source)
    problems.push_back(problem("disk " + disk.target + " holds the system itself", "Name a data disk."));
  MOULT_ASSIGN(auto others, problems_of_others(question.guest, *mounted, data.root));
  problems.insert(problems.end(), others.begin(), others.end());
  return problems;
}

}  // namespace

Result<std::vector<Error>> handover_problems(const DataQuestion& question) {
  const auto& target = question.data.handover.disk;
  const auto* disk = find_disk(question.machine, target);
  if (disk == nullptr)
    return std::vector{problem("the machine has no disk " + target, "It has " + targets_of(question.machine) + ".")};
  if (disk->read_only) return std::vector{problem("disk " + target + " is read-only", "Name a data disk.")};
  if (disk == question.machine.disks.data() && question.machine.disks.size() == 1)
    return std::vector{problem("disk " + target + " is the machine's only one", "Name a data disk.")};
  return problems_of_mount(question, *disk);
}

}  // namespace moult
