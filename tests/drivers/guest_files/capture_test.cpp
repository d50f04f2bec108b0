#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

namespace {

/// A file that is mapped for writing for as long as this lives.
class Mapped {
 public:
  explicit Mapped(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR);
    map_ = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ::close(fd);
    REQUIRE(map_ != MAP_FAILED);
  }
  ~Mapped() { ::munmap(map_, 4096); }
  void write(char c) { map_[1] = c; }

 private:
  char* map_ = nullptr;
};

/// A file that is written through io_submit, as databases do, for as long as this lives.
class AsyncFile {
 public:
  explicit AsyncFile(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    REQUIRE(fd_);
    REQUIRE(::syscall(SYS_io_setup, 1, &context_) == 0);
  }
  ~AsyncFile() { ::syscall(SYS_io_destroy, context_); }
  void write(char c) {
    iocb request{};
    request.aio_lio_opcode = IOCB_CMD_PWRITE;
    request.aio_fildes = static_cast<std::uint32_t>(fd_.get());
    request.aio_buf = reinterpret_cast<std::uint64_t>(&c);
    request.aio_nbytes = 1;
    iocb* requests[] = {&request};
    io_event done{};
    REQUIRE(::syscall(SYS_io_submit, context_, 1, requests) == 1);
    REQUIRE(::syscall(SYS_io_getevents, context_, 1, 1, &done, nullptr) == 1);
    REQUIRE(done.res == 1);
  }

 private:
  Fd fd_;
  aio_context_t context_ = 0;
};

/// While this lives, the process can open nothing more.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit none{3, before_.rlim_max};  // poll(2) must do with it
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// Directories in each other, made one by one: their path is too long to be given at once. The innermost one.
Fd make_deep(const std::string& root, int levels) {
  const std::string name(200, 'd');
  Fd at(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < levels; ++i) {
    (void)::mkdirat(at.get(), name.c_str(), 0755);
    at.reset(::openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(at);
  }
  return at;
}

}  // namespace

TEST_CASE("a round by events takes what changed, without looking at the tree") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  for (int i = 0; i < 300; ++i) write_file(from + "/" + std::to_string(i), "content " + std::to_string(i));
  Pair pair(from, to);
  pair.begin();
  append_file(from + "/7", "more");
  const auto pending = pair.source->pending("data");
  REQUIRE(pending);
  CHECK(pending->paths == 1);
  CHECK(pending->bytes == 13);
  CHECK_FALSE(pending->overflow);
  const auto moved = pair.round(RoundMode::events);
  CHECK_FALSE(moved.emitted.scanned);
  CHECK(moved.applied.paths == std::vector<std::string>{"7"});
  CHECK(pair.source->pending("data")->paths == 0);
  pair.require_equal();
}

TEST_CASE("changes between the start of capture and the first round are in it") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/a", "before");
  Pair pair(from, to);
  REQUIRE(pair.source->start_capture({pair.from}));
  REQUIRE(pair.target->open_target(pair.to));
  write_file(from + "/a", "after");
  write_file(from + "/b", "new");
  pair.round(RoundMode::events);
  pair.round(RoundMode::scan);
  pair.require_equal();
}

TEST_CASE("starting capture again keeps what was noticed; after a stop the next round scans") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/a", "a");
  Pair pair(from, to);
  pair.begin();
  write_file(from + "/a", "b");
  REQUIRE(pair.source->start_capture({pair.from}));
  CHECK(pair.source->pending("data")->paths == 1);
  pair.round(RoundMode::events);
  pair.require_equal();
  REQUIRE(pair.source->stop_capture());
  write_file(from + "/unseen", "u");
  SECTION("while it is stopped") {}
  SECTION("started anew") { REQUIRE(pair.source->start_capture({pair.from})); }
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scanned);
  CHECK(moved.emitted.scan_reason.find("stopped") != std::string::npos);
  pair.require_equal();
}

TEST_CASE("too many changes to remember become a scan, which says so") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  LocalFilesOptions options;
  options.pending_paths = 50;
  Pair pair(from, to, options);
  pair.begin();
  for (int i = 0; i < 100; ++i) write_file(from + "/" + std::to_string(i), "x");
  CHECK(pair.source->pending("data")->overflow);
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scanned);
  CHECK(moved.emitted.scan_reason.find("more than 50") != std::string::npos);
  CHECK(moved.applied.applied == 101);  // the root's times, too
  pair.require_equal();
  append_file(from + "/3", "y");
  CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
  pair.require_equal();
}

TEST_CASE("without fanotify every round scans, and says why") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  LocalFilesOptions options;
  options.use_fanotify = false;
  write_file(from + "/a", "1234");
  write_file(from + "/gone", "x");
  Pair pair(from, to, options);
  pair.begin();
  for (int i = 0; i < 20; ++i) {  // the same size, soon after the last round: the stamp alone may not tell
    write_file(from + "/a", std::to_string(1000 + i));
    const auto moved = pair.round(RoundMode::events);
    CHECK(moved.emitted.scanned);
    CHECK_FALSE(moved.emitted.scan_reason.empty());
    REQUIRE(read_file(to + "/a") == std::to_string(1000 + i));
  }
  fs::remove(from + "/gone");
  CHECK(pair.round(RoundMode::events).emitted.deletions == 1);
  pair.require_equal();
}

TEST_CASE("writes through a mapping are found by a scan, by a round of events, and after the mapping is gone") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/mapped", std::string(5000, '-'));
  Pair pair(from, to);
  pair.begin();
  auto mapped = std::make_unique<Mapped>(from + "/mapped");
  const auto mode = GENERATE(RoundMode::scan, RoundMode::events);
  for (char c = 'a'; c < 'f'; ++c) {
    mapped->write(c);
    pair.round(mode);
    REQUIRE(read_file(to + "/mapped")[1] == c);
    mapped->write('Z');  // on a page that is dirty already: not even the time moves
    pair.round(mode);
    REQUIRE(read_file(to + "/mapped")[1] == 'Z');
  }
  mapped->write('!');
  mapped.reset();
  CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
  REQUIRE(read_file(to + "/mapped")[1] == '!');
  pair.require_equal();
}

TEST_CASE("asynchronous writes to a file that stays open are found by a round of events") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/table", std::string(5000, '-'));
  Pair pair(from, to);
  pair.begin();
  AsyncFile table(from + "/table");
  for (char c = 'a'; c < 'f'; ++c) {
    table.write(c);
    CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
    REQUIRE(read_file(to + "/table")[0] == c);
  }
  pair.require_equal();
}

TEST_CASE("a mapping under a name outside the set is found by its inode") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  fs::create_directories(from + "/data");
  write_file(from + "/outside", std::string(5000, '-'));
  fs::create_hard_link(from + "/outside", from + "/data/inside");
  Pair pair(from + "/data", to);
  pair.begin();
  Mapped mapped(from + "/outside");
  for (char c = 'a'; c < 'f'; ++c) {
    mapped.write(c);
    CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
    REQUIRE(read_file(to + "/inside")[1] == c);
  }
}

TEST_CASE("a file that another process writes all the time is carried whole in the end") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  Pair pair(from, to);
  pair.begin();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      append_file(from + "/log", "line " + std::to_string(i) + "\n");
      write_file(from + "/state", std::to_string(i));
      fs::rename(from + "/state", from + "/renamed");
      if (i % 50 == 49) fs::remove(from + "/log");
    }
  });
  for (int i = 0; i < 30; ++i) {
    const auto moved = pair.round(i % 7 == 0 ? RoundMode::scan : RoundMode::events);
    CHECK(moved.applied.conflicts.empty());
  }
  stop = true;
  writer.join();
  pair.round(RoundMode::events);
  pair.round(RoundMode::events);
  pair.require_equal();
}

TEST_CASE("a file system mounted inside the set belongs to it, also one that is mounted later") {
  auto& sandbox = Sandbox::get();
  const auto from = sandbox.directory("from"), to = sandbox.directory("to");
  make_directory(from + "/inner");
  make_directory(from + "/later");
  REQUIRE(::mount("tmpfs", (from + "/inner").c_str(), "tmpfs", 0, "mode=755") == 0);
  write_file(from + "/inner/a", "a");
  Pair pair(from, to);
  pair.begin();
  append_file(from + "/inner/a", "b");
  CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
  CHECK(read_file(to + "/inner/a") == "ab");
  REQUIRE(::mount("tmpfs", (from + "/later").c_str(), "tmpfs", 0, "mode=755") == 0);
  write_file(from + "/later/b", "b");
  CHECK(pair.round(RoundMode::events).emitted.scanned);
  pair.require_equal();
  append_file(from + "/later/b", "c");
  CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
  pair.require_equal();
}

TEST_CASE("the kernel's own file systems are refused, and can be excluded") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  make_directory(from + "/proc");
  REQUIRE(::mount("proc", (from + "/proc").c_str(), "proc", 0, nullptr) == 0);
  Pair pair(from, to);
  REQUIRE(pair.source->start_capture({pair.from}));
  REQUIRE(pair.target->open_target(pair.to));
  const auto refused = pair.try_round(RoundMode::reconcile);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  CHECK(refused.error().message.find("'proc'") != std::string::npos);
  Pair excluding(from, to);
  excluding.from.exclude = excluding.to.exclude = {"/proc"};
  excluding.begin();
}

TEST_CASE("a root that was replaced by another directory is carried as it is now") {
  const auto base = Sandbox::get().directory("base"), to = Sandbox::get().directory("to");
  const auto from = base + "/root";
  make_directory(from);
  write_file(from + "/old", "old");
  Pair pair(from, to);
  pair.begin();
  fs::rename(from, base + "/away");
  make_directory(from);
  write_file(from + "/new", "new");
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scanned);
  pair.require_equal();
}

TEST_CASE("two sets on one file system do not see each other's changes") {
  const auto base = Sandbox::get().directory("base");
  fs::create_directories(base + "/a");
  fs::create_directories(base + "/ab");
  auto files = make_local_files();
  FileSet a, ab;
  a.name = "a", a.root = base + "/a";
  ab.name = "ab", ab.root = base + "/ab";
  REQUIRE(files->start_capture({a, ab}));
  write_file(base + "/ab/file", "x");
  CHECK(files->pending("a")->paths == 0);
  CHECK(files->pending("ab")->paths == 2);  // the file, and its directory's times
  CHECK_FALSE(files->pending("none"));
  FileSet missing;
  missing.name = "missing", missing.root = base + "/missing";
  const auto refused = files->start_capture({missing});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::not_found);
}

TEST_CASE("a change in a directory whose path cannot be found is not taken for one in a directory that is gone") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  make_directory(from + "/below");
  write_file(from + "/below/a", "content");
  Pair pair(from, to);
  pair.begin();
  {
    const NoMoreFiles limited;
    REQUIRE(::truncate((from + "/below/a").c_str(), 3) == 0);
    ::usleep(300'000);  // capture's thread meets the event meanwhile
  }
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.emitted.scanned);
  CHECK(moved.emitted.scan_reason.find("cannot find the directory of an event") != std::string::npos);
  pair.require_equal();
  append_file(from + "/below/a", "more");
  CHECK_FALSE(pair.round(RoundMode::events).emitted.scanned);
  pair.require_equal();
}

TEST_CASE("what changes in a directory whose whole path is longer than a page is carried") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  constexpr int kLevels = 20;  // 20 * 201 bytes, and what leads to the set
  const Fd deep = make_deep(from, kLevels);
  Pair pair(from, to);
  pair.begin();
  const std::string name(70, 'n');
  const Fd inner(::mkdirat(deep.get(), name.c_str(), 0755) == 0 ? ::openat(deep.get(), name.c_str(), O_PATH) : -1);
  REQUIRE(inner);
  pair.round(RoundMode::events);
  REQUIRE(Fd(::openat(inner.get(), "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
  CHECK(pair.round(RoundMode::events).emitted.scanned);
  struct stat st {};
  CHECK(::fstatat(make_deep(to, kLevels).get(), (name + "/f").c_str(), &st, 0) == 0);
}
