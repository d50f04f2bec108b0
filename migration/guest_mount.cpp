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

std::optional<MountFacts> read_facts(const std::string& line) {
  std::istringstream words(line);
  MountFacts facts;
  words >> facts.source >> facts.type >> facts.options >> facts.uuid >> facts.root;
  return words ? std::optional(facts) : std::nullopt;
}

std::vector<std::string> mount_command(const std::optional<MountFacts>& facts, const std::string& directory) {
  if (!facts) return {"mount", directory};
  return {"mount", "-t", facts->type, "-o", facts->options, "UUID=" + facts->uuid, directory};
}

Result<> check_mounted(const std::optional<MountFacts>& wanted, const MountFacts& found, const std::string& directory) {
  if (!wanted || found.uuid == wanted->uuid) return {};
  return fail(Code::mismatch, directory + " has the file system " + found.uuid + ", and not " + wanted->uuid +
                                  " which was handed over");
}

}  // namespace

Result<std::optional<MountFacts>> find_mount(GuestAccess& guest, const std::string& directory) {
  MOULT_ASSIGN(const auto found, run_in(guest, {"findmnt", "-n", "-r", "-o", "SOURCE,FSTYPE,OPTIONS,UUID,FSROOT",
                                                "--mountpoint", directory}));
  if (found.exit_code == 1) return std::nullopt;
  auto facts = read_facts(found.out);
  if (found.good() && facts) return facts;
  return fail(Code::failed, "findmnt " + directory + " ended with " + std::to_string(found.exit_code) + ": " +
                                first_line(found.good() ? found.out : found.err));
}

Result<> unmount(GuestAccess& guest, Clock& clock, const std::string& directory, Millis deadline) {
  const auto end = clock.steady() + deadline;
  for (;;) {
    MOULT_ASSIGN(const auto done, run_in(guest, {"umount", directory}));
    if (done.good()) return {};
    MOULT_ASSIGN(const auto still, find_mount(guest, directory));
    if (!still) return {};
    if (clock.steady() >= end)
      return fail(Code::refused, "the guest does not give up " + directory + ": " + first_line(done.err),
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
