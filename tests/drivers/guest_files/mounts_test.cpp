// Sets whose files have other paths on their file system than in the set: bind mounts, what is mounted over a root.
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

namespace {

void bind_mount(const std::string& what, const std::string& where) {
  REQUIRE(::mount(what.c_str(), where.c_str(), nullptr, MS_BIND, nullptr) == 0);
}

/// What follows is carried by events, and not by a look at everything.
void require_carried_by_events(Pair& pair) {
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scan_reason.empty());
  CHECK_FALSE(moved.emitted.scanned);
  pair.require_equal();
}

/// The set's directory became another: one look at everything, and from there on events again.
void require_followed(Pair& pair) {
  (void)pair.source_digest();  // also where it is not a round that meets the other one first
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scan_reason.find("the set's directory was") != std::string::npos);
  pair.require_equal();
  write_file(pair.from.root + "/changed", "behind it: " + std::to_string(moved.emitted.paths));
  require_carried_by_events(pair);
  append_file(pair.from.root + "/changed", ", and more");
  require_carried_by_events(pair);
}

}  // namespace

TEST_CASE("two sets on one file system that are reached by mounts of their own each see their changes") {
  auto& sandbox = Sandbox::get();
  const auto disk = sandbox.ext4("disk"), bound = sandbox.directory("bound");
  fs::create_directories(disk + "/a/below");
  fs::create_directories(disk + "/app/below");
  bind_mount(disk + "/app", bound);
  const std::shared_ptr<GuestFiles> files = make_local_files();
  Pair whole(disk + "/a", sandbox.directory("to"), files, "whole"), part(bound, sandbox.directory("to"), files, "part");
  const bool part_first = GENERATE(false, true);
  (part_first ? part : whole).begin();
  (part_first ? whole : part).begin();
  write_file(disk + "/a/below/x", "through the disk's own mount");
  write_file(bound + "/below/x", "through the bind mount");
  write_file(disk + "/app/y", "of the second set, by another way");
  require_carried_by_events(whole);
  require_carried_by_events(part);
  CHECK(exists(part.to.root + "/y"));
  fs::rename(bound + "/below", bound + "/moved");
  append_file(disk + "/app/moved/x", ", after it moved");
  fs::remove_all(disk + "/a/below");
  require_carried_by_events(whole);
  require_carried_by_events(part);
}

TEST_CASE("a set sees what changes in a directory of its own file system that is mounted inside it") {
  auto& sandbox = Sandbox::get();
  const auto disk = sandbox.ext4("disk"), to = sandbox.directory("to");
  for (const auto* each : {"/set/in", "/set/later", "/elsewhere/below", "/another"})
    fs::create_directories(disk + each);
  bind_mount(disk + "/elsewhere", disk + "/set/in");
  Pair pair(disk + "/set", to);
  pair.begin();
  write_file(disk + "/elsewhere/below/x", "x");
  write_file(disk + "/set/in/y", "y");
  write_file(disk + "/set/z", "z");
  require_carried_by_events(pair);
  bind_mount(disk + "/another", disk + "/set/later");
  CHECK(pair.round(RoundMode::events).emitted.scanned);
  write_file(disk + "/another/x", "mounted later");
  require_carried_by_events(pair);
}

TEST_CASE("what is mounted over a set's root is watched from then on, and so is what lay below once that is gone") {
  auto& sandbox = Sandbox::get();
  const auto from = sandbox.ext4("from"), to = sandbox.directory("to"), other = sandbox.ext4("other");
  for (const auto* each : {"/in", "/below"}) make_directory(from + each);
  make_directory(other + "/within");
  REQUIRE(::mount("tmpfs", (from + "/in").c_str(), "tmpfs", 0, "mode=755") == 0);
  Pair pair(from, to);
  pair.begin();
  SECTION("another file system") { bind_mount(other, from); }
  SECTION("a directory of another file system") { bind_mount(other + "/within", from); }
  SECTION("a directory of the same file system") { bind_mount(from + "/below", from); }
  SECTION("itself, and then something below it") {
    bind_mount(from, from);
    bind_mount(other, from + "/below");
  }
  require_followed(pair);
  while (::umount((from + "/below").c_str()) == 0) {
  }
  REQUIRE(::umount2(from.c_str(), MNT_DETACH) == 0);
  require_followed(pair);
  append_file(from + "/in/x", "on what is mounted inside");
  require_carried_by_events(pair);
}

TEST_CASE("a set whose root is a link is watched where the link leads") {
  auto& sandbox = Sandbox::get();
  const auto base = sandbox.directory("base"), disk = sandbox.ext4("disk"), to = sandbox.directory("to");
  const auto link = base + "/current";
  for (const auto& each : {base + "/one", base + "/two", disk + "/three"}) {
    make_directory(each);
    write_file(each + "/" + each.substr(each.size() - 3), "content");
  }
  fs::create_symlink(base + "/one", link);
  Pair pair(link, to);
  pair.begin();
  pair.from.root += "/.";  // what is compared is the directory
  const auto lead_to = [&](const std::string& where) {
    fs::create_symlink(where, base + "/next");
    fs::rename(base + "/next", link);
  };
  lead_to(base + "/two");
  require_followed(pair);
  lead_to(disk + "/three");
  require_followed(pair);
  // The same directory under another path.
  fs::rename(disk + "/three", disk + "/four");
  lead_to(disk + "/four");
  require_followed(pair);
}

TEST_CASE("what is excluded from a set may be a file system that cannot be watched, also one that is mounted later") {
  auto& sandbox = Sandbox::get();
  const auto from = sandbox.directory("from"), to = sandbox.directory("to");
  for (const auto* each : {"/left", "/left/out", "/later", "/later/below"}) make_directory(from + each);
  const auto mount_proc = [&](const std::string& where) {
    REQUIRE(::mount("proc", (from + where).c_str(), "proc", 0, nullptr) == 0);
  };
  mount_proc("/left/out");
  Pair pair(from, to);
  pair.from.exclude = pair.to.exclude = {"/left", "/later/below"};
  pair.begin();
  const auto carried = [&](const std::string& content) {
    write_file(from + "/a", content);
    const auto moved = pair.round(RoundMode::events);
    CHECK(moved.emitted.scan_reason.empty());
    CHECK(read_file(to + "/a") == content);
  };
  carried("one that was there");
  mount_proc("/later/below");
  carried("and one that came later");
  carried("and nothing new");
}
