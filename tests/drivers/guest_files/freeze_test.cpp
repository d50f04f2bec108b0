// Only file systems that the sandbox made are ever frozen.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "drivers/guest/files/freezer.hpp"
#include "drivers/guest/files/quick_grace.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

/// A write that waits while its file system is frozen.
class Writer {
 public:
  explicit Writer(const std::string& path)
      : thread_([this, path] {
          write_file(path, "waited");
          done_ = true;
        }) {}
  ~Writer() { thread_.join(); }
  [[nodiscard]] bool done_within(Millis time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!done_ && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(2ms);
    return done_;
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

/// Another disk, mounted inside the set; its directory.
std::string mount_another_below(const std::string& root) {
  const auto other = Sandbox::get().ext4("other"), below = root + "/below";
  std::filesystem::create_directories(below);
  REQUIRE(::mount(other.c_str(), below.c_str(), nullptr, MS_BIND, nullptr) == 0);
  return below;
}

}  // namespace

TEST_CASE("under a frozen file system the last round and the digests work, and writers wait") {
  Pair pair(Sandbox::get().ext4("from"), Sandbox::get().ext4("to"));
  for (int i = 0; i < 50; ++i) write_file(pair.from.root + "/" + std::to_string(i), "x");
  pair.begin();
  append_file(pair.from.root + "/7", "last");
  REQUIRE(pair.source->sync({"data"}));
  const auto frozen = pair.source->freeze({"data"}, 20s);
  INFO(why(frozen));
  REQUIRE(frozen);
  {
    Writer writer(pair.from.root + "/late");
    CHECK_FALSE(writer.done_within(50ms));
    pair.round(RoundMode::events);
    pair.round(RoundMode::scan);
    CHECK(pair.source_digest() == pair.target_digest());
    CHECK(read_file(pair.to.root + "/7") == "xlast");
    CHECK_FALSE(writer.done_within(20ms));
    const auto held = pair.source->thaw();
    REQUIRE(held);
    CHECK(*held);
    CHECK(writer.done_within(5s));
  }
  CHECK(*pair.source->thaw() == false);
  pair.round(RoundMode::events);
  pair.require_equal();
}

TEST_CASE("a freeze thaws by itself when its lease ends, and thaw then says that it had not held") {
  Pair pair(Sandbox::get().ext4("from"), Sandbox::get().directory("to"));
  REQUIRE(pair.source->start_capture({pair.from}));
  REQUIRE(pair.source->freeze({"data"}, 150ms));
  Writer writer(pair.from.root + "/late");
  CHECK_FALSE(writer.done_within(60ms));
  CHECK(writer.done_within(5s));
  CHECK(*pair.source->thaw() == false);
}

TEST_CASE("a freeze leaves the kernel's haste as it was") {
  for (const bool before : {false, true}) {
    write_file("/sys/kernel/rcu_expedited", before ? "1" : "0");
    REQUIRE(files::QuickGrace::in_force() == before);
    Pair pair(Sandbox::get().ext4("haste"), Sandbox::get().ext4("haste-to"));
    pair.begin();
    REQUIRE(pair.source->freeze({"data"}, 5s));
    CHECK(files::QuickGrace::in_force() == before);
    REQUIRE(pair.source->thaw());
  }
  files::QuickGrace::end();
}

TEST_CASE("freezing again renews the lease") {
  Pair pair(Sandbox::get().ext4("from"), Sandbox::get().directory("to"));
  REQUIRE(pair.source->start_capture({pair.from}));
  REQUIRE(pair.source->freeze({"data"}, 200ms));
  REQUIRE(pair.source->freeze({"data"}, 20s));
  std::this_thread::sleep_for(300ms);
  CHECK(*pair.source->thaw());
}

TEST_CASE("a helper that ends thaws what it froze") {
  const auto root = Sandbox::get().ext4("from");
  Pair pair(root, Sandbox::get().directory("to"));
  REQUIRE(pair.source->start_capture({pair.from}));
  REQUIRE(pair.source->freeze({"data"}, 20s));
  pair.source.reset();
  Writer writer(root + "/late");
  CHECK(writer.done_within(5s));
}

TEST_CASE("what somebody else froze is an error that names it, and nothing stays frozen") {
  auto& sandbox = Sandbox::get();
  const auto a = sandbox.ext4("a"), b = sandbox.ext4("b");
  auto files = make_local_files();
  FileSet first, second;
  first.name = "first", first.root = a;
  second.name = "second", second.root = b;
  REQUIRE(files->start_capture({first, second}));
  const int fd = ::open(a.c_str(), O_RDONLY);
  REQUIRE(::ioctl(fd, FIFREEZE, 0) == 0);
  const auto refused = files->freeze({"first", "second"}, 20s);
  CHECK(::ioctl(fd, FITHAW, 0) == 0);
  ::close(fd);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::busy);
  CHECK(refused.error().message.find(a) != std::string::npos);
  Writer writer(b + "/free");
  CHECK(writer.done_within(5s));
}

TEST_CASE("two file systems are frozen together, a file system in a file of another before that one") {
  auto& sandbox = Sandbox::get();
  const auto lower = sandbox.ext4("lower", 64);
  const auto upper = sandbox.ext4_in(lower, "upper", 32);
  auto files = make_local_files();
  FileSet first, second;
  first.name = "first", first.root = lower;
  second.name = "second", second.root = upper;
  REQUIRE(files->start_capture({first, second}));
  write_file(upper + "/dirty", std::string(1 << 20, 'd'));
  const auto frozen = files->freeze({"first", "second"}, 10s);
  INFO(why(frozen));
  REQUIRE(frozen);
  CHECK(*files->thaw());
}

TEST_CASE("a set over two disks is frozen whole, and its last round brings what both got before") {
  Pair pair(Sandbox::get().ext4("from"), Sandbox::get().ext4("to"));
  const auto below = mount_another_below(pair.from.root);
  for (int i = 0; i < 20; ++i) write_file(below + "/" + std::to_string(i), "x");
  pair.begin();
  append_file(pair.from.root + "/first", "of one disk");
  append_file(below + "/7", " and of the other");
  REQUIRE(pair.source->sync({"data"}));
  REQUIRE(pair.source->freeze({"data"}, 20s));
  {
    Writer one(pair.from.root + "/late"), two(below + "/late");
    CHECK_FALSE(one.done_within(50ms));
    CHECK_FALSE(two.done_within(1ms));
    const auto moved = pair.round(RoundMode::events);
    CHECK_FALSE(moved.emitted.scanned);
    CHECK(pair.source_digest() == pair.target_digest());
    CHECK(read_file(pair.to.root + "/first") == "of one disk");
    CHECK(read_file(pair.to.root + "/below/7") == "x and of the other");
    CHECK_FALSE(two.done_within(1ms));
    CHECK(*pair.source->thaw());
    CHECK((one.done_within(5s) && two.done_within(5s)));
  }
  pair.round(RoundMode::events);
  pair.require_equal();
}

TEST_CASE("of a set over two disks one that somebody else froze keeps neither frozen") {
  Pair pair(Sandbox::get().ext4("from"), Sandbox::get().directory("to"));
  const auto below = mount_another_below(pair.from.root);
  REQUIRE(pair.source->start_capture({pair.from}));
  const int fd = ::open(pair.from.root.c_str(), O_RDONLY);  // the one whose turn comes last
  REQUIRE(::ioctl(fd, FIFREEZE, 0) == 0);
  const auto refused = pair.source->freeze({"data"}, 20s);
  CHECK(::ioctl(fd, FITHAW, 0) == 0);
  ::close(fd);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::busy);
  Writer one(pair.from.root + "/free"), two(below + "/free");
  CHECK((one.done_within(5s) && two.done_within(5s)));
}

TEST_CASE("a set on tmpfs cannot be frozen, and is told so before anything is") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  REQUIRE(pair.source->start_capture({pair.from}));
  const auto refused = pair.source->freeze({"data"}, 1s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  CHECK(refused.error().message.find("tmpfs") != std::string::npos);
  CHECK(pair.source->freeze({"data"}, 0ms).error().code != Code::internal);
}

TEST_CASE("the whole machine's list holds each writable disk once, and no file system without one") {
  const auto mine = Sandbox::get().ext4("mine");
  const auto mounts = files::mounts_to_freeze({});
  REQUIRE(mounts);
  int found = 0;
  for (const auto& mount : *mounts) {
    CHECK(mount.source.substr(0, 5) == "/dev/");
    CHECK(mount.writable);
    found += mount.point == mine ? 1 : 0;
  }
  CHECK(found == 1);
}

TEST_CASE("with no set named, everything dirty of the whole machine is written out") {
  const auto mine = Sandbox::get().ext4("mine");
  const auto mounts = files::mounts_below("/");
  REQUIRE(mounts);
  const auto mount = std::find_if(mounts->begin(), mounts->end(), [&](const auto& each) { return each.point == mine; });
  REQUIRE(mount != mounts->end());
  const auto delayed = [counter = "/sys/fs/ext4" + mount->source.substr(4) + "/delayed_allocation_blocks"] {
    return std::stoul(read_file(counter));
  };
  write_file(mine + "/dirty", std::string(1 << 20, 'd'));
  REQUIRE(delayed() > 0);
  REQUIRE(make_local_files()->sync({}));
  CHECK(delayed() == 0);
}
