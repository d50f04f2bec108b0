// The comparison beside the rounds: finds what neither events nor stamps tell.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "support/mapped.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;

namespace {

/// Changes a file's content and nothing that the file system says of it, as a failing disk does: of an ext4 that is not
/// mounted at the moment.
class Disk {
 public:
  explicit Disk(const std::string& name) {
    image_ = Sandbox::get().directory(name + "-image") + "/disk";
    root = Sandbox::get().directory(name);
    run({"truncate", "-s", "96M", image_});
    run({"mkfs.ext4", "-q", "-F", "-b", "4096", image_});
    mount();
  }
  /// Of a disk that nobody has open; mounts it.
  void garble(const std::string& content, const std::string& with) {
    auto bytes = read_file(image_);
    const auto at = bytes.find(content);
    REQUIRE(at != std::string::npos);
    const Fd fd(::open(image_.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::pwrite(fd.get(), with.data(), with.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(with.size()));
    mount();
  }
  void mount() { run({"mount", "-o", "loop", image_, root}); }
  void unmount() { run({"umount", root}); }
  [[nodiscard]] const std::string& image() const { return image_; }
  std::string root;

 private:
  std::string image_;
};

/// Compares until the set's end, and again where nothing could be read: on a busy machine it is not always known in
/// time what is held open.
std::vector<std::string> compare(Pair& pair, std::uint64_t* paths = nullptr) {
  std::vector<std::string> differing;
  std::uint64_t bytes = 0;
  for (int part = 0, passes = 0; part < 5000; ++part) {
    const auto moved = pair.round(RoundMode::compare);
    differing.insert(differing.end(), moved.applied.differing.begin(), moved.applied.differing.end());
    if (paths != nullptr) *paths += moved.emitted.paths;
    bytes += moved.emitted.bytes;
    if (moved.emitted.finished && (bytes > 0 || ++passes == 20)) return differing;
  }
  FAIL("it does not end");
  return differing;
}

}  // namespace

TEST_CASE("a comparison reads every file on both sides, and finds nothing where all is well") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  for (int i = 0; i < 300; ++i) write_file(from + "/" + std::to_string(i), "content " + std::to_string(i));
  Pair pair(from, to);
  pair.begin();
  let_settle();
  pair.round(RoundMode::events);
  std::uint64_t paths = 0;
  CHECK(compare(pair, &paths).empty());
  CHECK(paths == 300);
  SECTION("what changed since the last round is left to the next one") {
    append_file(from + "/7", "more");
    CHECK(compare(pair).empty());
  }
  SECTION("what the target changed itself is its own") {
    append_file(to + "/8", "more");
    CHECK(compare(pair).empty());
  }
  SECTION("what `migrate` turned is in another form") {
    append_file(to + "/9", "in the new form");
    write_file(to + "/made by migrate", "new");
    REQUIRE(pair.target->accept("data", {"9", "made by migrate"}));
    CHECK(compare(pair).empty());
  }
  pair.round(RoundMode::events);
  CHECK(pair.source_digest() == pair.target_digest());
}

TEST_CASE("what rotted on the target's disk is named, makes the digests differ, and is carried again") {
  const auto from = Sandbox::get().ext4("from");
  Disk to("to");
  write_file(from + "/sound", std::string(5000, 's'));
  write_file(from + "/rots", "the content that rots" + std::string(5000, 'r'));
  {
    Pair pair(from, to.root);
    pair.begin();
    let_settle();
    const auto manifest = pair.saved_manifest();
    pair.target.reset();
    to.unmount();
    to.garble("the content that rots", "the content that ROTS");
    pair.target = make_local_files();
    REQUIRE(pair.target->restore_target(pair.to, source_of(manifest)));
    CHECK(pair.source_digest() == pair.target_digest());  // from what was carried: it cannot know
    CHECK(compare(pair) == std::vector<std::string>{"rots"});
    CHECK(pair.source_digest() != pair.target_digest());
    CHECK(compare(pair).empty());  // named once
    const auto moved = pair.round(RoundMode::reconcile);
    CHECK(moved.applied.conflicts.empty());
    INFO(moved.emitted.paths);
    CHECK(std::count(moved.applied.paths.begin(), moved.applied.paths.end(), "rots") == 1);
    CHECK(read_file(to.root + "/rots") == read_file(from + "/rots"));
    CHECK(pair.source_digest() == pair.target_digest());
    CHECK(compare(pair).empty());
  }
  ::umount(to.root.c_str());
}

TEST_CASE("of a large file each part is compared, and it is named once") {
  const auto from = Sandbox::get().ext4("from", 96);
  Disk to("to");
  std::string content;
  while (content.size() < 20U << 20) content += "the number " + std::to_string(content.size()) + " of many\n";
  write_file(from + "/large", content + "near the end" + std::string(300'000, 'e') + "at the end");
  std::filesystem::resize_file(from + "/large", 40U << 20);
  {
    Pair pair(from, to.root);
    pair.begin();
    let_settle();
    pair.round(RoundMode::events);
    std::uint64_t paths = 0;
    CHECK(compare(pair, &paths).empty());
    CHECK(paths == 1);
    const auto manifest = pair.saved_manifest();
    pair.target.reset();
    to.unmount();
    to.garble("near the end", "near THE end");
    pair.target = make_local_files();
    REQUIRE(pair.target->restore_target(pair.to, source_of(manifest)));
    CHECK(compare(pair) == std::vector<std::string>{"large"});
    pair.round(RoundMode::reconcile);
    CHECK(compare(pair).empty());
    pair.require_equal();
  }
  ::umount(to.root.c_str());
}

TEST_CASE("a file that is cut between two of its parts is no trouble") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  for (const auto& side : {from, to}) {
    write_file(side + "/log", std::string(20U << 20, 'l'));
    set_times(side + "/log", 1'700'000'000, 0);
  }
  Pair pair(from, to);
  pair.begin();
  let_settle();
  pair.round(RoundMode::events);
  while (pair.round(RoundMode::compare).emitted.bytes == 0) continue;  // its first 16 MiB
  std::filesystem::resize_file(from + "/log", 1U << 20);
  let_settle();
  pair.round(RoundMode::events);
  CHECK(compare(pair).empty());
  pair.require_equal();
}

TEST_CASE("what may be written without a trace at the moment is left to the rounds") {
  Disk from("from"), to("to");
  for (const auto* name : {"/mapped", "/quiet"}) write_file(from.root + name, std::string(5000, 'm'));
  from.unmount();
  to.unmount();
  run({"cp", from.image(), to.image()});
  from.mount();
  to.mount();
  {
    const Mapped mapped(from.root + "/mapped");
    Pair pair(from.root, to.root);
    pair.begin();  // nothing needs to be carried, so that no content is known
    let_settle();
    mapped.at[0] = 'M';
    std::uint64_t paths = 0;
    CHECK(compare(pair, &paths).empty());
    CHECK(paths == 1);
    pair.round(RoundMode::events);
    pair.require_equal();
  }
  ::umount(from.root.c_str());
  ::umount(to.root.c_str());
}

TEST_CASE("what was written without a trace before is found on the source, and is no difference") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/mapped", std::string(5000, 'm'));
  std::optional<Mapped> mapped(std::in_place, from + "/mapped");
  LocalFilesOptions options;
  options.use_fanotify = false;
  Pair pair(from, to, options);
  pair.begin();
  let_settle();
  pair.round(RoundMode::scan);
  mapped->at[0] = 'M';
  mapped.reset();
  CHECK(compare(pair).empty());
  pair.round(RoundMode::events);
  pair.require_equal();
  CHECK(compare(pair).empty());
}

TEST_CASE("a file that both sides had before anything was carried is compared as well") {
  Disk from("from"), to("to");
  write_file(from.root + "/a", "content of both" + std::string(5000, 'a'));
  from.unmount();
  to.unmount();
  run({"cp", from.image(), to.image()});
  to.garble("content of both", "c0ntent of both");
  from.mount();
  {
    Pair pair(from.root, to.root);
    CHECK(pair.begin().emitted.paths == 0);  // the same stamps, as a block copy has them
    CHECK(pair.source_digest() == pair.target_digest());
    CHECK(compare(pair) == std::vector<std::string>{"a"});
    CHECK(pair.round(RoundMode::reconcile).applied.paths == std::vector<std::string>{"a"});
    pair.require_equal();
  }
  ::umount(from.root.c_str());
  ::umount(to.root.c_str());
}
