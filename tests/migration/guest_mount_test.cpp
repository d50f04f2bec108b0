#include "migration/guest_mount.hpp"

#include "logical_clock.hpp"
#include "mount_guest.hpp"

using namespace moult;
using moult::test::MountGuest;

namespace {

constexpr const char* kMounted = "/dev/vdb ext4 rw,relatime / 11-22\n";
constexpr Millis kDeadline{500};

}  // namespace

TEST_CASE("a mount is read whole, also of a file system that has no UUID") {
  MountGuest guest;
  guest.answer("findmnt", 0, kMounted);
  guest.answer("findmnt", 0, "tmpfs tmpfs rw / \n");
  guest.answer("findmnt", 1, "");
  guest.answer("findmnt", 1, "", "findmnt: failed to initialize libmount iterator\n");
  CHECK(**find_mount(guest, "/srv/data") == MountFacts{"/dev/vdb", "ext4", "rw,relatime", "/", "11-22"});
  CHECK((*find_mount(guest, "/srv/data"))->uuid.empty());
  CHECK_FALSE(find_mount(guest, "/srv/data")->has_value());
  CHECK_FALSE(find_mount(guest, "/srv/data"));  // silence is no answer
}

TEST_CASE("a directory counts as unmounted once nobody has its file system mounted, in whatever name space") {
  MountGuest guest;
  test::LogicalClock clock;
  guest.answer("umount", 0, "");
  guest.answer("umount", 32, "", "umount: /srv/data: not mounted.\n");
  guest.answer("findmnt", 1, "");
  guest.answer("sh", 0, "/proc/77/mountinfo\nlooked\n");
  guest.answer("sh", 0, "looked\n");
  CHECK(unmount(guest, clock, "/srv/data", "11-22", kDeadline));
  CHECK(guest.times("umount") == 2);
  CHECK(guest.asked.back().back() == "11-22");
}

TEST_CASE("what keeps a directory from being unmounted is told when the time is up") {
  MountGuest guest;
  test::LogicalClock clock;
  SECTION("a process") {
    guest.answer("umount", 32, "", "umount: /srv/data: target is busy.\n");
    guest.answer("findmnt", 0, kMounted);
    const auto done = unmount(guest, clock, "/srv/data", "11-22", kDeadline);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::refused);
    CHECK(done.error().message.find("target is busy") != std::string::npos);
    CHECK(done.error().remedy.find("`stop` hook") != std::string::npos);
  }
  SECTION("the kernel, which writes out still") {
    guest.answer("umount", 32, "", "umount: /srv/data: not mounted.\n");
    guest.answer("findmnt", 1, "");
    guest.answer("sh", 0, "/proc/fs/jbd2/vdb-8\nlooked\n");
    const auto done = unmount(guest, clock, "/srv/data", "11-22", kDeadline);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("in use still, see /proc/fs/jbd2/vdb-8") != std::string::npos);
  }
  SECTION("another mount") {
    guest.answer("umount", 0, "");
    guest.answer("sh", 0, "/proc/1/mountinfo\nlooked\n");
    const auto done = unmount(guest, clock, "/srv/data", "11-22", kDeadline);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("/proc/1/mountinfo") != std::string::npos);
  }
}

TEST_CASE("a look for mounts that came to nothing is an error, and without a UUID nobody is looked for") {
  MountGuest guest;
  test::LogicalClock clock;
  guest.answer("umount", 0, "");
  guest.answer("sh", 127, "", "sh: grep: not found\n");
  CHECK_FALSE(unmount(guest, clock, "/srv/data", "11-22", kDeadline));
  CHECK(unmount(guest, clock, "/srv/data", "", kDeadline));
}

TEST_CASE("a disk is mounted when the guest has found it, and only the one that was handed over") {
  MountGuest guest;
  test::LogicalClock clock;
  const MountFacts facts{"/dev/vdb", "ext4", "rw,relatime", "/", "11-22"};
  guest.answer("udevadm", 0, "");
  guest.answer("findmnt", 1, "");
  guest.answer("findmnt", 1, "");
  guest.answer("mount", 32, "", "mount: /srv/data: can't find UUID=11-22.\n");
  guest.answer("mount", 0, "");
  SECTION("it") {
    guest.answer("findmnt", 0, kMounted);
    CHECK(mount(guest, clock, facts, "/srv/data", kDeadline));
    CHECK(guest.times("mount") == 2);
  }
  SECTION("another") {
    guest.answer("findmnt", 0, "/dev/vdc ext4 rw / 33-44\n");
    const auto done = mount(guest, clock, facts, "/srv/data", kDeadline);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::mismatch);
  }
}

TEST_CASE("a file system that the guest does not see is told from a look that failed") {
  MountGuest guest;
  guest.answer("udevadm", 0, "");
  guest.answer("findfs", 0, "/dev/vdc\n");
  guest.answer("findfs", 1, "", "findfs: unable to resolve 'UUID=11-22'\n");
  guest.answer("findfs", 2, "", "usage\n");
  CHECK(*find_file_system(guest, "11-22") == "/dev/vdc");
  CHECK(find_file_system(guest, "11-22")->empty());
  CHECK_FALSE(find_file_system(guest, "11-22"));
}
