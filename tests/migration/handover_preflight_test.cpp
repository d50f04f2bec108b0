#include "migration/handover_preflight.hpp"

#include "mount_guest.hpp"

using namespace moult;
using moult::test::MountGuest;

namespace {

constexpr std::uint64_t kBytes = 4096;

DataSpec archive() {
  DataSpec data;
  data.name = "archive";
  data.kind = DataKind::handover;
  data.root = "/srv/archive";
  data.handover.disk = "vdb";
  return data;
}

MachineFacts machine() {
  MachineFacts facts;
  facts.disks.push_back({"vda", "/d/a", "qcow2", false, {}, 2 * kBytes, 0});
  facts.disks.push_back({"vdb", "/d/b", "qcow2", false, {}, kBytes, 0});
  return facts;
}

/// As it should be, unless a test has told it otherwise before.
struct World {
  MountGuest guest;
  std::string mounted = "/dev/vdb ext4 rw / 11-22\n", root = "/dev/vda ext4 rw / 33-44\n";
  std::string device = "4096 disk\n";
  std::string table = "/dev/vda / ext4 rw 0 0\n/dev/vdb /srv/archive ext4 rw 0 0\n";
  MachineFacts facts = machine();

  std::vector<Error> problems() {
    guest.answer("findmnt", mounted.empty() ? 1 : 0, mounted);
    guest.answer("findmnt", 0, root);
    guest.answer("lsblk", 0, device);
    guest.answer("cat", 0, table);
    const auto data = archive();
    const auto found = handover_problems({data, facts, guest});
    REQUIRE(found);
    return *found;
  }
};

bool says(const std::vector<Error>& found, const std::string& text) {
  return found.size() == 1 && found[0].code == Code::refused && !found[0].remedy.empty() &&
         found[0].message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a data disk that is mounted whole can change hands") { CHECK(World{}.problems().empty()); }

TEST_CASE("a disk that the machine does not have, may not write or lives on is refused before its guest is asked") {
  World world;
  SECTION("none of this name") {
    world.facts.disks.pop_back();
    CHECK(says(world.problems(), "the machine has no disk vdb"));
  }
  SECTION("read-only") {
    world.facts.disks.back().read_only = true;
    CHECK(says(world.problems(), "disk vdb is read-only"));
  }
  SECTION("the only one") {
    world.facts.disks.erase(world.facts.disks.begin());
    CHECK(says(world.problems(), "disk vdb is the machine's only one"));
  }
  CHECK(world.guest.asked.empty());
}

TEST_CASE("what is not one whole disk with a file system of its own is refused, with what it is") {
  World world;
  SECTION("nothing") {
    world.mounted = "";
    CHECK(says(world.problems(), "nothing is mounted on /srv/archive"));
  }
  SECTION("a part of a file system") {
    world.mounted = "/dev/vdb ext4 rw /archive 11-22\n";
    CHECK(says(world.problems(), "/srv/archive is a part (/archive) of the file system on /dev/vdb"));
  }
  SECTION("no disk") {
    world.mounted = "tmpfs tmpfs rw / \n";
    CHECK(says(world.problems(), "/srv/archive is no file system of a disk, but tmpfs"));
  }
  SECTION("a volume") {
    world.device = "4096 lvm\n";
    CHECK(says(world.problems(), "is of type lvm, not a whole disk"));
  }
  SECTION("a disk of another size") {
    world.device = "8192 disk\n";
    CHECK(says(world.problems(), "has 8192 bytes, and disk vdb has 4096"));
  }
  SECTION("the system's") {
    world.root = world.mounted;
    CHECK(says(world.problems(), "disk vdb holds the system itself"));
  }
}

TEST_CASE("a disk that could not be unmounted, or would be taken from under another mount, is refused") {
  World world;
  SECTION("something inside") {
    world.table += "/dev/vdc /srv/archive/old ext4 rw 0 0\n";
    CHECK(says(world.problems(), "/srv/archive/old is mounted inside /srv/archive"));
  }
  SECTION("in another place too") {
    world.table += "/dev/vdb /var/www ext4 ro 0 0\n";
    CHECK(says(world.problems(), "/dev/vdb on /srv/archive is mounted on /var/www too"));
  }
  SECTION("beside it") {
    world.table += "/dev/vdc /srv/archive-old ext4 rw 0 0\n";
    CHECK(world.problems().empty());
  }
}
