#include "migration/files_preflight.hpp"

#include <map>

#include "catch.hpp"

using namespace moult;

namespace {

/// A line of /proc/self/mountinfo: the device, the part of it and where; the kind and the source.
std::string mount(const std::string& what, const std::string& kind) {
  return "30 1 " + what + " rw shared:1 - " + kind + " rw\n";
}

/// A guest with directories, links to them, and mounts.
class Guest final : public GuestAccess {
 public:
  std::map<std::string, std::string> directories{{"/var/lib/notes", "/var/lib/notes"}};  ///< path -> where it really is
  std::string mounts =
      mount("254:1 / /", "ext4 /dev/vda1") + mount("0:4 / /proc", "proc proc") + mount("0:5 / /run", "tmpfs tmpfs");
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
    if (command.argv[1] == "-m") {
      for (auto path = command.argv.begin() + 4; path != command.argv.end(); ++path)
        outcome.out += (directories.count(*path) != 0 ? directories[*path] : *path) + std::string(1, '\0');
      return outcome;
    }
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
  guest.mounts += mount("254:17 / /var/lib/notes", "xfs /dev/vdb1");
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
  guest.mounts += mount("0:40 / /var/lib", type + " some:/share");
  const auto found = problems(guest);
  CHECK(says(found, "/var/lib/notes lies on " + type + " (some:/share at /var/lib), "));
  CHECK(found[0].message.find(text) != std::string::npos);
  CHECK(found[0].code == Code::refused);
}

TEST_CASE("what counts is where a linked directory really is, and what was mounted last") {
  Guest guest;
  guest.directories["/var/lib/notes"] = "/mnt/my disk/notes";
  guest.mounts += mount("0:40 / /mnt/my\\040disk", "nfs server:/a");
  CHECK(says(problems(guest), "lies on nfs (server:/a at /mnt/my disk)"));
  guest.mounts += mount("254:16 / /mnt/my\\040disk", "ext4 /dev/vdb");
  CHECK(problems(guest).empty());
}

TEST_CASE("what is mounted inside a set is looked at too, unless it is excluded") {
  Guest guest;
  guest.mounts +=
      mount("254:32 / /var/lib/notes/more", "ext4 /dev/vdc") + mount("0:41 / /var/lib/notes/cache/fast", "tmpfs tmpfs");
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

namespace {

struct Two {
  Guest guest;
  DataSpec one = notes(), two = notes();
  explicit Two(const std::string& second) {
    two.name = "more";
    two.root = second;
    guest.directories.emplace(second, second);
  }
  std::vector<Error> of(const DataSpec& data, const DataSpec& other) {
    const MachineFacts facts;
    const auto found = data_problems({data, facts, guest, {&other}});
    REQUIRE(found);
    return *found;
  }
};

}  // namespace

TEST_CASE("sets that lead to the same files by a link or a second mount are refused by name, once") {
  Two sets("/srv/notes");
  CHECK(sets.of(sets.one, sets.two).empty());
  CHECK(sets.of(sets.two, sets.one).empty());
  std::string they;
  SECTION("a link") {
    sets.guest.directories["/srv/notes"] = "/var/lib/notes";
    they = "on /dev/vda1 they hold /var/lib/notes and /var/lib/notes";
  }
  SECTION("a link to a directory inside") {
    sets.guest.directories["/srv/notes"] = "/var/lib/notes/old";
    they = "on /dev/vda1 they hold /var/lib/notes and /var/lib/notes/old";
  }
  SECTION("a bind mount") {
    sets.guest.mounts += mount("254:1 /var/lib/notes /srv/notes", "ext4 /dev/vda1");
    they = "they hold /var/lib/notes and /var/lib/notes";
  }
  SECTION("a bind mount of what is above") {
    sets.guest.mounts += mount("254:1 /var/lib /srv", "ext4 /dev/vda1");
    they = "they hold /var/lib/notes and /var/lib/notes";
  }
  SECTION("a disk that is mounted twice") {
    sets.guest.mounts +=
        mount("254:16 / /var/lib/notes", "ext4 /dev/vdb") + mount("254:16 / /srv/notes", "ext4 /dev/vdb");
    they = "on /dev/vdb they hold / and /";
  }
  SECTION("a bind mount inside one of them") {
    sets.guest.mounts += mount("254:1 /srv/notes/old /var/lib/notes/here", "ext4 /dev/vda1");
    they = "they hold /srv/notes/old and /srv/notes";
    sets.one.exclude = {"here"};
    CHECK(sets.of(sets.one, sets.two).empty());
    sets.one.exclude.clear();
  }
  INFO(they);
  const auto told = sets.of(sets.one, sets.two);
  CHECK(says(told, "/var/lib/notes overlaps /srv/notes, the data set \"more\": "));
  CHECK(told[0].message.find(they) != std::string::npos);
  CHECK(told[0].code == Code::refused);
  CHECK(sets.of(sets.two, sets.one).empty());
}

TEST_CASE("files on a disk that another set hands over are found from their own side") {
  Two sets("/srv/notes");
  sets.one.root = "/srv/a";
  sets.guest.directories["/srv/a"] = "/srv/notes/a";
  sets.two.kind = DataKind::handover;
  CHECK(says(sets.of(sets.one, sets.two), "/srv/a overlaps /srv/notes"));
}

TEST_CASE("the same path on two disks is no overlap") {
  Two sets("/srv/notes");
  sets.guest.mounts +=
      mount("254:16 / /var/lib/notes", "ext4 /dev/vdb") + mount("254:32 / /srv/notes", "ext4 /dev/vdc");
  CHECK(sets.of(sets.one, sets.two).empty());
  CHECK(sets.of(sets.two, sets.one).empty());
}
