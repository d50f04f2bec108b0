#include "migration/guest_mount.hpp"

#include <sstream>

namespace moult {
namespace {

constexpr Millis kPause{50};
constexpr Millis kCommandTimeout{20'000};

Result<Outcome> run_in(GuestAccess& guest, std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = kCommandTimeout;
  return guest.run(command);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The UUID comes last, for not every file system has one.
std::optional<MountFacts> read_facts(const std::string& line) {
  std::istringstream words(line);
  MountFacts facts;
  words >> facts.source >> facts.type >> facts.options >> facts.root;
  if (!words) return std::nullopt;
  words >> facts.uuid;
  return facts;
}

std::vector<std::string> mount_command(const std::optional<MountFacts>& facts, const std::string& directory) {
  if (!facts) return {"mount", directory};
  return {"mount", "-t", facts->type, "-o", facts->options, "UUID=" + facts->uuid, directory};
}

/// Who has it mounted still: a bind mount, a service with a name space of its own, or the kernel, which writes out what
/// is dirty after the mount is gone from every table. Its device would be taken from under it. Empty: nobody.
Result<std::string> user_of(GuestAccess& guest, const std::string& uuid) {
  constexpr const char* kLook = R"sh(if device=$(findfs "UUID=$1"); then
grep -lsF " $device " /proc/[0-9]*/mountinfo
ls -d /proc/fs/jbd2/"${device##*/}"-* /sys/fs/*/"${device##*/}" "/sys/fs/btrfs/$1" 2>/dev/null
fi; echo looked)sh";
  if (uuid.empty()) return std::string();
  MOULT_ASSIGN(const auto found, run_in(guest, {"sh", "-c", kLook, "moult-mounts", uuid}));
  const auto line = first_line(found.out);
  if (line == "looked") return std::string();
  if (!line.empty()) return line;
  return fail(Code::failed, "who has a file system mounted cannot be seen: " + first_line(found.err));
}

/// What keeps the directory from being unmounted; empty: it is.
Result<std::string> try_unmount(GuestAccess& guest, const std::string& directory, const std::string& uuid) {
  MOULT_ASSIGN(const auto done, run_in(guest, {"umount", directory}));
  if (!done.good()) {
    MOULT_ASSIGN(const auto still, find_mount(guest, directory));
    if (still) return "umount ended with " + std::to_string(done.exit_code) + ": " + first_line(done.err);
  }
  MOULT_ASSIGN(const std::string user, user_of(guest, uuid));
  return user.empty() ? user : "its file system is in use still, see " + user;
}

Result<> check_mounted(const std::optional<MountFacts>& wanted, const MountFacts& found, const std::string& directory) {
  if (!wanted || found.uuid == wanted->uuid) return {};
  return fail(Code::mismatch, directory + " has the file system " + found.uuid + ", and not " + wanted->uuid +
                                  " which was handed over");
}

}  // namespace

Result<std::optional<MountFacts>> find_mount(GuestAccess& guest, const std::string& directory) {
  MOULT_ASSIGN(const auto found, run_in(guest, {"findmnt", "-n", "-r", "-o", "SOURCE,FSTYPE,OPTIONS,FSROOT,UUID",
                                                "--mountpoint", directory}));
  if (found.exit_code == 1 && found.err.empty()) return std::nullopt;
  auto facts = read_facts(found.out);
  if (found.good() && facts) return facts;
  return fail(Code::failed, "findmnt " + directory + " ended with " + std::to_string(found.exit_code) + ": " +
                                first_line(found.good() ? found.out : found.err));
}

Result<std::string> find_file_system(GuestAccess& guest, const std::string& uuid) {
  MOULT_TRY(run_in(guest, {"udevadm", "settle", "--timeout=10"}).map([](const Outcome&) {}));
  MOULT_ASSIGN(const auto found, run_in(guest, {"findfs", "UUID=" + uuid}));
  if (found.good()) return first_line(found.out);
  if (found.exit_code == 1) return std::string();
  return fail(Code::failed,
              "findfs UUID=" + uuid + " ended with " + std::to_string(found.exit_code) + ": " + first_line(found.err));
}

Result<> unmount(GuestAccess& guest, Clock& clock, const std::string& directory, const std::string& uuid,
                 Millis deadline) {
  const auto end = clock.steady() + deadline;
  for (;;) {
    MOULT_ASSIGN(const std::string reason, try_unmount(guest, directory, uuid));
    if (reason.empty()) return {};
    if (clock.steady() >= end)
      return fail(Code::refused, "the guest does not give up " + directory + ": " + reason,
                  "The `stop` hook of the component that owns the disk must end every process that uses it.");
    clock.sleep(kPause);
  }
}

Result<> mount(GuestAccess& guest, Clock& clock, const std::optional<MountFacts>& facts, const std::string& directory,
               Millis deadline) {
  const auto end = clock.steady() + deadline;
  for (;;) {
    // A disk that was just plugged in is not there before udev has named it; systemd may mount it by itself then.
    MOULT_TRY(run_in(guest, {"udevadm", "settle", "--timeout=10"}).map([](const Outcome&) {}));
    MOULT_ASSIGN(const auto found, find_mount(guest, directory));
    if (found) return check_mounted(facts, *found, directory);
    MOULT_ASSIGN(const auto tried, run_in(guest, mount_command(facts, directory)));
    if (tried.good()) {
      MOULT_ASSIGN(const auto mounted, find_mount(guest, directory));
      if (mounted) return check_mounted(facts, *mounted, directory);
    }
    if (clock.steady() >= end)
      return fail(Code::timeout, "the guest does not mount the disk on " + directory + ": " + first_line(tried.err),
                  "See the guest's console, and its /etc/fstab.");
    clock.sleep(kPause);
  }
}

}  // namespace moult
