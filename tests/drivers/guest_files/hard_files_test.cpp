// What a file system can do to a file besides writing it: room without content, names that come and go while it is
// open.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"
#include "support/slow_write.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

namespace {

void put_at(int fd, const std::string& text, off_t offset) {
  REQUIRE(::pwrite(fd, text.data(), text.size(), offset) == static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("preallocated files arrive with their size and content, also when room is given and taken later") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const Fd before(::open((from + "/before").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(::fallocate(before.get(), 0, 0, 4 << 20) == 0);
  put_at(before.get(), "in the middle of room", 1 << 20);
  Pair pair(from, to);
  pair.begin();
  pair.require_equal();
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  SECTION("room beyond the end, which no size shows") {
    write_file(from + "/beyond", "short");
    const Fd fd(::open((from + "/beyond").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == 0);
    put_at(fd.get(), " but written", 5);
  }
  SECTION("a range is zeroed, one is taken out, one is put in") {
    REQUIRE(::fallocate(before.get(), FALLOC_FL_ZERO_RANGE, 1 << 20, 4096) == 0);
    put_at(before.get(), "tail", 3 << 20);
    REQUIRE(::fallocate(before.get(), FALLOC_FL_COLLAPSE_RANGE, 0, 8192) == 0);
    REQUIRE(::fallocate(before.get(), FALLOC_FL_INSERT_RANGE, 4096, 4096) == 0);
  }
  SECTION("it grows by room alone") {
    REQUIRE(::fallocate(before.get(), 0, 4 << 20, 1 << 20) == 0);
    put_at(before.get(), "written into it", (4 << 20) + 7);
  }
  pair.round(mode);
  pair.require_equal();
}

TEST_CASE(
    "a write that was under way while its file was read arrives, though the file stays open and its times do not "
    "move") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const auto file = from + "/database";
  write_file(file, std::string(SlowWrite::kBytes, 'o'));
  Pair pair(from, to);
  pair.begin();
  const Fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  SlowWrite write(fd.get(), 'n');
  let_settle();
  pair.round(GENERATE(RoundMode::events, RoundMode::scan));
  const auto midway = pair.source_digest();
  write.finish();
  CHECK(read_file(file) == std::string(SlowWrite::kBytes, 'n'));
  CHECK(pair.source_digest() != midway);
  pair.round(RoundMode::events);
  CHECK(read_file(to + "/database") == read_file(file));
  pair.require_equal();
}

TEST_CASE(
    "an asynchronous write that was under way while its file was read arrives, though nothing tells of its end and the "
    "file stays open") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const auto file = from + "/database";
  write_file(file, std::string(SlowWrite::kBytes, 'o'));
  LocalFilesOptions options;
  options.use_fanotify = GENERATE(true, false);
  Pair pair(from, to, options);
  pair.begin();
  const Fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC | GENERATE(0, O_DIRECT)));
  SlowWrite write(fd.get(), 'n', SlowWrite::Call::submit);
  let_settle();
  pair.round(GENERATE(RoundMode::events, RoundMode::scan));
  write.finish();
  CHECK(read_file(file) == std::string(SlowWrite::kBytes, 'n'));
  let_settle();
  const auto freeze = [&] { REQUIRE(pair.source->freeze({"data"}, std::chrono::seconds{30})); };
  SECTION("seen by the last round, under the freeze") {
    freeze();
    pair.round(RoundMode::events);
    pair.require_equal();
    CHECK(pair.source->thaw().value());
  }
  SECTION("seen by the first round behind a freeze that was practised, and then no more") {
    freeze();
    REQUIRE(pair.source->thaw().value());
    pair.round(RoundMode::events);
    pair.require_equal();
    freeze();
    CHECK(pair.round(RoundMode::events).emitted.paths == 0);
    CHECK(pair.source->thaw().value());
  }
  CHECK(read_file(to + "/database") == read_file(file));
}

TEST_CASE(
    "an asynchronous write that was under way while its file was read arrives, though the file is closed behind it") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const auto file = from + "/database";
  write_file(file, std::string(SlowWrite::kBytes, 'o'));
  Pair pair(from, to);
  pair.begin();
  Fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  SlowWrite write(fd.get(), 'n', SlowWrite::Call::submit);
  let_settle();
  pair.round(GENERATE(RoundMode::events, RoundMode::scan));  // a scan syncs, which waits for no such write
  write.finish();
  fd.reset();
  REQUIRE(pair.source->freeze({"data"}, std::chrono::seconds{30}));
  pair.round(RoundMode::events);
  pair.require_equal();
  CHECK(pair.source->thaw().value());
  CHECK(read_file(to + "/database") == read_file(file));
}

TEST_CASE("a file that is held under another name only is read again where a write to it may be under way") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  const auto file = from + "/database";
  write_file(file, std::string(SlowWrite::kBytes, 'o'));
  Pair pair(from, to);
  pair.begin();
  make_directory(from + "/by");
  fs::create_hard_link(file, from + "/by/another");
  const Fd fd(::open((from + "/by/another").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::unlink((from + "/by/another").c_str()) == 0);
  pair.round(RoundMode::events);
  SlowWrite write(fd.get(), 'n', SlowWrite::Call::submit);
  let_settle();
  append_file(from + "/other", "so that there is a round");
  pair.round(RoundMode::scan);
  write.finish();
  let_settle();
  REQUIRE(pair.source->freeze({"data"}, std::chrono::seconds{30}));
  pair.round(RoundMode::events);
  pair.require_equal();
  CHECK(pair.source->thaw().value());
}

TEST_CASE("a file system that counts in whole seconds hides no write of the second in which its file was read") {
  const auto from = Sandbox::get().ext4("from", 64, 128), to = Sandbox::get().ext4("to");
  const auto file = from + "/log";
  write_file(file, "a");
  LocalFilesOptions options;
  options.use_fanotify = false;
  Pair pair(from, to, options);
  pair.begin();
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  for (char letter = 'b'; letter < 'h'; ++letter) {
    put_at(fd.get(), std::string(1, letter), 0);
    let_settle();
    pair.round(RoundMode::scan);
  }
  pair.require_equal();
}

TEST_CASE("a file that is open and has no name is not carried, nor missed when it is given one") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/log", "first");
  write_file(from + "/other", "other");
  Pair pair(from, to);
  pair.begin();
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  const Fd open(::open((from + "/log").c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  REQUIRE(open);
  SECTION("unlinked, written on, and its name taken by another") {
    REQUIRE(::unlink((from + "/log").c_str()) == 0);
    REQUIRE(::write(open.get(), " unseen", 7) == 7);
    pair.round(mode);
    CHECK_FALSE(exists(to + "/log"));
    pair.require_equal();
    write_file(from + "/log", "the next one");
    REQUIRE(::write(open.get(), " unseen still", 13) == 13);
  }
  SECTION("renamed over while it is open") {
    fs::rename(from + "/other", from + "/log");
    REQUIRE(::write(open.get(), " unseen", 7) == 7);
  }
  SECTION("made without a name, written, and then given one") {
    const Fd fresh(::open(from.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    REQUIRE(fresh);
    put_at(fresh.get(), "from nowhere", 0);
    pair.round(mode);
    pair.require_equal();
    REQUIRE(::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fresh.get())).c_str(), AT_FDCWD,
                     (from + "/named").c_str(), AT_SYMLINK_FOLLOW) == 0);
  }
  pair.round(mode);
  pair.require_equal();
}

TEST_CASE("a set that is a mount point is carried, and so is what another mount puts in its place") {
  auto& sandbox = Sandbox::get();
  const auto from = sandbox.ext4("from"), to = sandbox.directory("to"), other = sandbox.ext4("other");
  write_file(from + "/a", "on the first file system");
  write_file(other + "/b", "on the second");
  Pair pair(from, to);
  pair.begin();
  append_file(from + "/a", ", changed");
  CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
  pair.require_equal();
  REQUIRE(::mount(other.c_str(), from.c_str(), nullptr, MS_BIND, nullptr) == 0);
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scanned);
  CHECK_FALSE(moved.emitted.scan_reason.empty());
  CHECK(exists(to + "/b"));
  CHECK_FALSE(exists(to + "/a"));
  pair.require_equal();
}

TEST_CASE("a link that points out of the set is carried as a link, and never followed") {
  auto& sandbox = Sandbox::get();
  const auto outside = sandbox.directory("outside");
  const auto from = sandbox.directory("from"), to = sandbox.directory("to");
  make_directory(outside + "/tree");
  write_file(outside + "/tree/secret", "not of the set");
  Pair pair(from, to);
  REQUIRE(::symlink((outside + "/tree").c_str(), (from + "/link").c_str()) == 0);
  pair.begin();
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan);
  write_file(outside + "/tree/secret", "changed");
  write_file(outside + "/tree/more", "new");
  const auto moved = pair.round(mode);
  CHECK(moved.emitted.paths == 0);
  CHECK(fs::is_symlink(to + "/link"));
  pair.require_equal();
}
