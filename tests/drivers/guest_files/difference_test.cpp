// Large files that go as their differences.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "support/large_file.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

TEST_CASE("a large file of which little changed moves little") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(32 * kMiB, 1));
  Pair pair(from, to);
  pair.begin();
  std::mt19937 random(7);
  for (int i = 0; i < 82; ++i)
    write_into(from + "/db", random() % 8192 * 4096, noise(4096, 100U + static_cast<unsigned>(i)));
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan, RoundMode::reconcile);
  const auto moved = pair.round(mode);
  CHECK(moved.large == 1);
  // 82 blocks of 8192 are 1 %.
  CHECK(moved.stream_bytes + moved.signature_bytes < 32 * kMiB / 50);
  pair.require_equal();
}

TEST_CASE("a large file that is written anew each time goes whole, and is tried as a difference now and then") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(2 * kMiB, 1));
  Pair pair(from, to);
  pair.begin();
  std::string tried;
  for (unsigned turn = 2; turn < 14; ++turn) {
    write_file(from + "/db", noise(2 * kMiB, turn));
    tried += pair.round(RoundMode::events).large == 1 ? 'd' : 'w';
  }
  CHECK(tried == "dwwwwwwwwdww");
  pair.require_equal();
}

TEST_CASE("the clone's copy is what the first round's difference starts from") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(4 * kMiB, 1));
  fs::copy_file(from + "/db", to + "/db");
  Pair pair(from, to);
  REQUIRE(pair.source->start_capture({pair.from}));
  write_into(from + "/db", kMiB, "changed after the clone was made");
  REQUIRE(pair.target->open_target(pair.to));
  const auto moved = pair.round(RoundMode::reconcile);
  CHECK(moved.large == 1);
  CHECK(moved.stream_bytes < 100'000);
  pair.require_equal();
}

TEST_CASE("a large file changes in every way, and arrives exactly") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const auto file = from + "/db";
  write_file(file, noise(2 * kMiB + 77, 1));
  Pair pair(from, to, small_is_large());
  pair.begin();
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  SECTION("it grows at its end") { append_file(file, noise(kMiB, 2)); }
  SECTION("it is cut") { fs::resize_file(file, 300'001); }
  SECTION("it is emptied, and filled with holes alone") {
    fs::resize_file(file, 0);
    fs::resize_file(file, 3 * kMiB);
  }
  SECTION("something is put in at its front") {
    const auto old = read_file(file);
    write_file(file, "in front" + old);
  }
  SECTION("it becomes small") { write_file(file, "small now"); }
  SECTION("holes are punched") {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, kMiB) == 0);
  }
  SECTION("its metadata alone") {
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    REQUIRE(::chown(file.c_str(), 4, 5) == 0);
  }
  SECTION("another file takes its name") {
    write_file(from + "/other", noise(kMiB, 3));
    fs::rename(from + "/other", file);
  }
  SECTION("it goes, and a directory comes") {
    fs::remove(file);
    make_directory(file);
  }
  SECTION("it has two names, and is written through the other one") {
    REQUIRE(::link(file.c_str(), (from + "/a-name").c_str()) == 0);
    pair.round(RoundMode::events);
    write_into(from + "/a-name", 12'345, "written");
  }
  pair.round(mode);
  pair.require_equal();
}

TEST_CASE("a large file that changes and loses its other name in one round still goes as its difference") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(4 * kMiB, 1));
  REQUIRE(::link((from + "/db").c_str(), (from + "/a-name").c_str()) == 0);
  Pair pair(from, to);
  pair.begin();
  write_into(from + "/db", kMiB, "changed");
  fs::remove(from + "/a-name");
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.applied.stale.empty());
  CHECK(moved.stream_bytes < 100'000);
  pair.require_equal();
}

TEST_CASE("which large files changed is seen without events too") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  LocalFilesOptions options;
  SECTION("there are none") { options.use_fanotify = false; }
  SECTION("more came than are remembered") { options.pending_paths = 3; }
  write_file(from + "/db", noise(4 * kMiB, 1));
  write_file(from + "/at rest", noise(2 * kMiB, 2));
  let_settle();
  Pair pair(from, to, options);
  pair.begin();
  for (int i = 0; i < 10; ++i) write_file(from + "/" + std::to_string(i), "small");
  write_into(from + "/db", 12'345, "changed");
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scanned);
  CHECK(moved.large == 1);
  CHECK(moved.stream_bytes < 100'000);
  pair.require_equal();
}

TEST_CASE("a large file that somebody holds open and does not change is not read for its signature") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(2 * kMiB, 1));
  Pair pair(from, to);
  pair.begin();
  const Fd held(::open((from + "/db").c_str(), O_RDWR | O_CLOEXEC));
  let_settle();
  pair.round(RoundMode::events);
  CHECK(pair.round(RoundMode::events).large == 0);
  write_into(from + "/db", 4096, "changed");
  CHECK(pair.round(RoundMode::events).large == 1);
  pair.require_equal();
}

TEST_CASE("a file that is holes for the most part goes as what it holds") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/disk", noise(kMiB, 1));
  fs::resize_file(from + "/disk", 64 * kMiB);
  Pair pair(from, to);
  pair.begin();
  write_into(from + "/disk", 12'345, "changed");
  CHECK(pair.round(RoundMode::events).large == 0);
  pair.require_equal();
}
