#include "migration/files_preflight.hpp"

#include <map>

#include "catch.hpp"

using namespace moult;

namespace {

/// A guest with directories, links to them, and mounts.
class Guest final : public GuestAccess {
 public:
  std::map<std::string, std::string> directories{{"/var/lib/notes", "/var/lib/notes"}};  ///< path -> where it really is
  std::string mounts = "/dev/vda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n";
  bool answers = true;
  int commands = 0;

  Result<Outcome> run(const Command& command) override {
    ++commands;
    if (!answers) return fail(Code::unreachable, "the guest agent does not answer");
    Outcome outcome;
    if (command.argv[0] == "cat") {
      outcome.out = mounts;
      return outcome;
    }
    REQUIRE(command.argv[0] == "realpath");
    const auto path = command.argv.back().substr(0, command.argv.back().size() - 2);
    const auto found = directories.find(path);
    if (found != directories.end())
      outcome.out = found->second + "\n";
    else
      outcome.exit_code = 1, outcome.err = "realpath: '" + path + "/.': No such file or directory\n";
    return outcome;
  }
  Result<> put(const std::string&, std::uint32_t, const ByteSource&) override { return {}; }
  Result<> get(const std::string&, const ByteSink&) override { return {}; }
};

DataSpec notes(std::vector<std::string> exclude = {}) {
  DataSpec data;
  data.name = "notes";
  data.root = "/var/lib/notes";
  data.exclude = std::move(exclude);
  return data;
}

std::vector<Error> problems(Guest& guest, const DataSpec& data = notes()) {
  const MachineFacts facts;
  const auto found = data_problems({data, facts, guest});
  REQUIRE(found);
  return *found;
}

bool says(const std::vector<Error>& found, const std::string& text) {
  return found.size() == 1 && !found[0].remedy.empty() && found[0].message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a directory on a disk can be carried, and two commands tell") {
  Guest guest;
  CHECK(problems(guest).empty());
  CHECK(guest.commands == 2);
  guest.mounts += "/dev/vdb1 /var/lib/notes xfs rw 0 0\n";
  CHECK(problems(guest).empty());
}

TEST_CASE("a set whose directory is not there, or is no directory, is named with the reason") {
  Guest guest;
  guest.directories.clear();
  const auto found = problems(guest);
  CHECK(says(found, "/var/lib/notes is no directory of this machine: realpath: "));
  CHECK(found[0].code == Code::not_found);
}

TEST_CASE("a set on a network file system, in memory, in layers or from a program is refused, with the place") {
  Guest guest;
  const auto [type, text] = GENERATE(table<std::string, std::string>({
      {"nfs4", "network"},
      {"cifs", "network"},
      {"virtiofs", "network"},
      {"tmpfs", "memory"},
      {"ramfs", "memory"},
      {"overlay", "layers"},
      {"fuse.sshfs", "program"},
  }));
  guest.mounts += "some:/share /var/lib " + type + " rw 0 0\n";
  const auto found = problems(guest);
  CHECK(says(found, "/var/lib/notes lies on " + type + " (some:/share at /var/lib), "));
  CHECK(found[0].message.find(text) != std::string::npos);
  CHECK(found[0].code == Code::refused);
}

TEST_CASE("what counts is where a linked directory really is, and what was mounted last") {
  Guest guest;
  guest.directories["/var/lib/notes"] = "/mnt/my disk/notes";
  guest.mounts += "server:/a /mnt/my\\040disk nfs rw 0 0\n";
  CHECK(says(problems(guest), "lies on nfs (server:/a at /mnt/my disk)"));
  guest.mounts += "/dev/vdb /mnt/my\\040disk ext4 rw 0 0\n";
  CHECK(problems(guest).empty());
}

TEST_CASE("what is mounted inside a set is looked at too, unless it is excluded") {
  Guest guest;
  guest.mounts += "/dev/vdc /var/lib/notes/more ext4 rw 0 0\ntmpfs /var/lib/notes/cache/fast tmpfs rw 0 0\n";
  CHECK(says(problems(guest), "tmpfs (tmpfs at /var/lib/notes/cache/fast) is mounted inside /var/lib/notes"));
  CHECK(problems(guest)[0].remedy == "Exclude cache/fast from the set, or unmount it.");
  for (const auto* pattern : {"cache", "fast", "cache/*", "cache/**", "/cache/fast", "**/fast"}) {
    INFO(pattern);
    CHECK(problems(guest, notes({pattern})).empty());
  }
  CHECK(problems(guest, notes({"*.tmp"})).size() == 1);
}

TEST_CASE("a guest that does not answer is an error, not a set without problems") {
  Guest guest;
  guest.answers = false;
  const MachineFacts facts;
  const auto data = notes();
  CHECK_FALSE(data_problems({data, facts, guest}));
  guest.answers = true;
  guest.mounts.clear();
  CHECK(says(problems(guest), "no file system of this machine's table of mounts holds /var/lib/notes"));
}
