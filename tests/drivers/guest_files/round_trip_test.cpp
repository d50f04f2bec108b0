#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "catch.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

namespace {

/// user::rw-, user:1234:rw-, group::r--, mask::rw-, other::r-- as the kernel keeps it.
std::string acl_for_user_1234() {
  const auto entry = [](int tag, int perm, unsigned id) {
    std::string bytes;
    for (const unsigned value : {static_cast<unsigned>(tag), static_cast<unsigned>(perm)}) {
      bytes += static_cast<char>(value & 0xff);
      bytes += static_cast<char>(value >> 8);
    }
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(id >> (8 * i));
    return bytes;
  };
  const unsigned none = 0xffffffff;
  return std::string("\2\0\0\0", 4) + entry(1, 6, none) + entry(2, 6, 1234) + entry(4, 4, none) + entry(16, 6, none) +
         entry(32, 4, none);
}

void set_xattr(const std::string& path, const char* name, const std::string& value) {
  REQUIRE(::lsetxattr(path.c_str(), name, value.data(), value.size(), 0) == 0);
}

void make_socket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
}

void make_sparse(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0640);
  REQUIRE(::pwrite(fd, "begin", 5, 0) == 5);
  REQUIRE(::pwrite(fd, "middle", 6, 5 << 20) == 6);
  REQUIRE(::ftruncate(fd, 12 << 20) == 0);
  ::close(fd);
}

void make_every_kind(const std::string& root) {
  write_file(root + "/plain", "some text");
  REQUIRE(::chmod((root + "/plain").c_str(), 0640) == 0);
  write_file(root + "/empty", "");
  write_file(root + "/large", std::string(700'001, 'x') + std::string(300'000, 'y'));
  write_file(root + "/setuid", "program");
  REQUIRE(::chown((root + "/setuid").c_str(), 7, 8) == 0);
  REQUIRE(::chmod((root + "/setuid").c_str(), 04755) == 0);
  make_sparse(root + "/sparse");
  make_directory(root + "/dir");
  make_directory(root + "/dir/empty");
  make_directory(root + "/dir/sticky");
  REQUIRE(::chmod((root + "/dir/sticky").c_str(), 01777) == 0);
  write_file(root + "/dir/one", "linked content");
  REQUIRE(::link((root + "/dir/one").c_str(), (root + "/two").c_str()) == 0);
  REQUIRE(::link((root + "/dir/one").c_str(), (root + "/dir/three").c_str()) == 0);
  REQUIRE(::symlink("/etc/passwd", (root + "/points-out").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (root + "/dangling").c_str()) == 0);
  REQUIRE(::mkfifo((root + "/fifo").c_str(), 0620) == 0);
  REQUIRE(::mknod((root + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  REQUIRE(::mknod((root + "/disk").c_str(), S_IFBLK | 0660, makedev(7, 200)) == 0);
  make_socket(root + "/socket");
  write_file(root + "/" + std::string(255, 'n'), "long name");
  write_file(root + "/not\xff\xfeutf8\n \x01", "odd name");
  write_file(root + "/-rf", "a name like an option");
}

void dress_every_kind(const std::string& root) {
  set_xattr(root + "/plain", "user.colour", std::string("blue\0green", 10));
  set_xattr(root + "/plain", "system.posix_acl_access", acl_for_user_1234());
  set_xattr(root + "/dir", "system.posix_acl_default", acl_for_user_1234());
  set_xattr(root + "/dir", "user.note", "a directory's own");
  set_xattr(root + "/points-out", "trusted.on-a-link", "yes");
  set_xattr(root + "/setuid", "trusted.empty", "");
  // cap_net_bind_service=ep
  set_xattr(root + "/setuid", "security.capability", std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
  set_times(root + "/plain", 1'000'000'000, 123'456'789);
  set_times(root + "/dangling", -5, 999'999'999);
  set_times(root + "/fifo", 1, 1);
  set_times(root + "/dir", 981'173'106, 7);
  set_times(root, 981'173'107, 8);
}

void set_flags(const std::string& path, unsigned flags) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  REQUIRE(::ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0);
  ::close(fd);
}

unsigned flags_of(const std::string& path) {
  unsigned flags = 0;
  const int fd = ::open(path.c_str(), O_RDONLY);
  REQUIRE(::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0);
  ::close(fd);
  return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL);
}

}  // namespace

TEST_CASE("every kind of file arrives exactly, on tmpfs and on ext4") {
  auto& sandbox = Sandbox::get();
  const bool ext4 = GENERATE(false, true);
  const auto from = ext4 ? sandbox.ext4("from") : sandbox.directory("from");
  const auto to = ext4 ? sandbox.ext4("to") : sandbox.directory("to");
  make_every_kind(from);
  if (ext4) dress_every_kind(from);
  Pair pair(from, to);
  const auto moved = pair.begin();
  CHECK(moved.applied.conflicts.empty());
  if (ext4) fs::remove(from + "/lost+found");
  if (ext4) pair.round(RoundMode::events);
  pair.require_equal({true});

  SECTION("nothing more is carried when nothing changed") {
    const auto again = pair.round(GENERATE(RoundMode::events, RoundMode::scan));
    CHECK(again.emitted.paths == 0);
    CHECK(again.emitted.deletions == 0);
    pair.require_equal({true});
  }
  SECTION("a reconciling round finds both sides equal, whatever their inode numbers") {
    const auto again = pair.round(RoundMode::reconcile);
    CHECK(again.emitted.paths == 0);
    pair.require_equal({true});
  }
}

TEST_CASE("metadata alone is carried: mode, owner, times, attributes, also of directories") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  make_every_kind(from);
  Pair pair(from, to);
  pair.begin();
  dress_every_kind(from);
  REQUIRE(::chown((from + "/dir/empty").c_str(), 5, 6) == 0);
  REQUIRE(::lchown((from + "/dangling").c_str(), 5, 6) == 0);
  const auto moved = pair.round(RoundMode::events);
  CHECK_FALSE(moved.emitted.scanned);
  pair.require_equal({true});
  REQUIRE(::removexattr((from + "/plain").c_str(), "user.colour") == 0);
  REQUIRE(::removexattr((from + "/plain").c_str(), "system.posix_acl_access") == 0);
  pair.round(RoundMode::events);
  pair.require_equal({true});
}

TEST_CASE("immutable and append-only files are carried, changed and removed") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/log", "a");
  make_directory(from + "/dir");
  write_file(from + "/dir/kept", "k");
  set_flags(from + "/log", FS_APPEND_FL);
  set_flags(from + "/dir", FS_IMMUTABLE_FL);
  Pair pair(from, to);
  pair.begin();
  CHECK(flags_of(to + "/log") == FS_APPEND_FL);
  CHECK(flags_of(to + "/dir") == FS_IMMUTABLE_FL);
  append_file(from + "/log", "b");
  append_file(from + "/dir/kept", "k");
  pair.round(RoundMode::scan);
  pair.require_equal();
  CHECK(flags_of(to + "/log") == FS_APPEND_FL);
  CHECK(flags_of(to + "/dir") == FS_IMMUTABLE_FL);
  set_flags(from + "/dir", 0);
  set_flags(from + "/log", 0);
  fs::remove_all(from + "/dir");
  fs::remove(from + "/log");
  pair.round(RoundMode::scan);
  pair.require_equal();
}

TEST_CASE("names of immutable and append-only files come and go, and the files stay what they are") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const unsigned flags = GENERATE(FS_IMMUTABLE_FL, FS_APPEND_FL);
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  const auto changed = [&](const std::function<void()>& change) {
    set_flags(from + "/a", 0);
    change();
    set_flags(from + "/a", flags);
  };
  write_file(from + "/a", "content");
  for (const auto* name : {"/b", "/c"}) fs::create_hard_link(from + "/a", from + name);
  set_flags(from + "/a", flags);
  Pair pair(from, to);
  pair.begin();
  const auto require_same = [&] {
    pair.require_equal();
    CHECK(flags_of(to + "/a") == flags);
  };
  require_same();
  const auto carry = [&](const std::function<void()>& change) {
    changed(change);
    const auto moved = pair.round(mode);
    CHECK(moved.applied.conflicts.empty());
    require_same();
  };
  carry([&] { fs::create_hard_link(from + "/a", from + "/d"); });
  carry([&] {
    fs::remove(from + "/b");
    fs::remove(from + "/d");
  });
  carry([&] {
    fs::remove(from + "/c");
    write_file(from + "/c", "another file");
    fs::create_hard_link(from + "/a", from + "/e");
  });
  carry([&] { append_file(from + "/a", ", changed"); });
}

TEST_CASE("renamed trees, replaced directories and changed kinds arrive") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  make_every_kind(from);
  fs::create_directories(from + "/tree/a/b/c");
  write_file(from + "/tree/a/b/c/leaf", "leaf");
  Pair pair(from, to);
  pair.begin();
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  SECTION("a tree is renamed") {
    fs::rename(from + "/tree", from + "/moved");
    write_file(from + "/moved/a/b/new", "new");
  }
  SECTION("a tree is renamed away and another comes in its place") {
    fs::rename(from + "/tree", from + "/moved");
    fs::create_directories(from + "/tree/a/other");
    fs::rename(from + "/moved/a/b", from + "/tree/a/b");
  }
  SECTION("two files change places") {
    fs::rename(from + "/plain", from + "/swap");
    fs::rename(from + "/empty", from + "/plain");
    fs::rename(from + "/swap", from + "/empty");
  }
  SECTION("a directory becomes a file, a file becomes a directory") {
    fs::remove_all(from + "/tree");
    write_file(from + "/tree", "now a file");
    fs::remove(from + "/plain");
    make_directory(from + "/plain");
    write_file(from + "/plain/inside", "inside");
  }
  SECTION("a symbolic link becomes a directory, a directory a symbolic link") {
    fs::remove(from + "/points-out");
    make_directory(from + "/points-out");
    write_file(from + "/points-out/inside", "inside");
    fs::remove_all(from + "/tree");
    REQUIRE(::symlink("dir", (from + "/tree").c_str()) == 0);
  }
  SECTION("a tree moves out of the set and another moves in") {
    const auto outside = from + "-outside";
    make_directory(from + "/../" + fs::path(outside).filename().string());
    fs::rename(from + "/tree", from + "/dir/tree");
    fs::remove_all(from + "/dir/empty");
    fs::remove_all(outside);
  }
  SECTION("everything goes") {
    for (const auto& entry : fs::directory_iterator(from)) fs::remove_all(entry.path());
  }
  const auto moved = pair.round(mode);
  CHECK(moved.emitted.scanned == (mode == RoundMode::scan));
  pair.require_equal();
}

TEST_CASE("hard links are made, written through, and broken") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/b", "content");
  write_file(from + "/other", "other");
  Pair pair(from, to);
  pair.begin();
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  REQUIRE(::link((from + "/b").c_str(), (from + "/c").c_str()) == 0);
  pair.round(mode);
  pair.require_equal();
  SECTION("a name that sorts first") {
    REQUIRE(::link((from + "/c").c_str(), (from + "/a").c_str()) == 0);
    pair.round(mode);
    pair.require_equal();
  }
  SECTION("written through one name, seen through all") {
    append_file(from + "/c", " more");
    pair.round(mode);
    pair.require_equal();
  }
  SECTION("the first name goes") {
    REQUIRE(::unlink((from + "/b").c_str()) == 0);
    pair.round(mode);
    pair.require_equal();
  }
  SECTION("one name gets a file of its own, equal to the byte and the nanosecond") {
    struct stat st {};
    REQUIRE(::stat((from + "/b").c_str(), &st) == 0);
    REQUIRE(::unlink((from + "/c").c_str()) == 0);
    write_file(from + "/c", "content");
    set_times(from + "/c", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    pair.round(mode);
    pair.require_equal();
  }
  SECTION("a name moves from one inode to another") {
    REQUIRE(::unlink((from + "/c").c_str()) == 0);
    REQUIRE(::link((from + "/other").c_str(), (from + "/c").c_str()) == 0);
    pair.round(mode);
    pair.require_equal();
  }
}

TEST_CASE("a sparse file stays sparse, and holes punched later arrive") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  make_sparse(from + "/sparse");
  write_file(from + "/full", std::string(1 << 20, 'f'));
  Pair pair(from, to);
  const auto moved = pair.begin();
  CHECK(moved.stream_bytes < (2U << 20));
  const int fd = ::open((from + "/full").c_str(), O_RDWR);
  REQUIRE(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 256 << 10, 512 << 10) == 0);
  ::close(fd);
  pair.round(RoundMode::scan);
  ::sync();
  pair.require_equal({true});
}

TEST_CASE("excluded paths are neither carried nor touched, included ones alone are") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  fs::create_directories(from + "/cache/deep");
  fs::create_directories(from + "/docs");
  write_file(from + "/docs/a.txt", "a");
  write_file(from + "/docs/a.tmp", "tmp");
  write_file(from + "/docs/a.bin", "bin");
  write_file(from + "/cache/deep/x.txt", "x");
  write_file(to + "/own.tmp", "the clone's own");
  Pair pair(from, to);
  pair.from.exclude = pair.to.exclude = {"*.tmp", "cache/**"};
  pair.from.include = pair.to.include = {"*.txt"};
  pair.begin();
  CHECK(read_file(to + "/docs/a.txt") == "a");
  CHECK_FALSE(exists(to + "/docs/a.tmp"));
  CHECK_FALSE(exists(to + "/docs/a.bin"));
  CHECK_FALSE(exists(to + "/cache/deep"));
  CHECK(read_file(to + "/own.tmp") == "the clone's own");
  write_file(from + "/docs/b.tmp", "tmp");
  write_file(from + "/cache/deep/y.txt", "y");
  write_file(from + "/docs/b.txt", "b");
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.applied.paths == std::vector<std::string>{"docs", "docs/b.txt"});
  CHECK_FALSE(exists(to + "/docs/b.tmp"));
  CHECK(pair.source_digest() == pair.target_digest());
}
