// Large files that go as their differences.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/files/record.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMiB = 1 << 20;

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    const auto value = random();
    for (int i = 0; i < 8; ++i) text[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i));
  }
  return text;
}

void write_at(const std::string& path, std::size_t offset, const std::string& text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset)) == static_cast<ssize_t>(text.size()));
}

LocalFilesOptions small_is_large() {
  LocalFilesOptions options;
  options.large_file = 8192;
  return options;
}

}  // namespace

TEST_CASE("a large file of which little changed moves little") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(32 * kMiB, 1));
  Pair pair(from, to);
  pair.begin();
  std::mt19937 random(7);
  for (int i = 0; i < 82; ++i) write_at(from + "/db", random() % 8192 * 4096, noise(4096, 100U + static_cast<unsigned>(i)));
  const auto mode = GENERATE(RoundMode::events, RoundMode::scan, RoundMode::reconcile);
  const auto moved = pair.round(mode);
  CHECK(moved.large == 1);
  // 82 blocks of 8192 are 1 %.
  CHECK(moved.stream_bytes + moved.signature_bytes < 32 * kMiB / 50);
  pair.require_equal();
}

TEST_CASE("the clone's copy is what the first round's difference starts from") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(4 * kMiB, 1));
  fs::copy_file(from + "/db", to + "/db");
  Pair pair(from, to);
  REQUIRE(pair.source->start_capture({pair.from}));
  write_at(from + "/db", kMiB, "changed after the clone was made");
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
    write_at(from + "/a-name", 12'345, "written");
  }
  pair.round(mode);
  pair.require_equal();
}

TEST_CASE("a difference never lands on another version than the one that it starts from") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(from + "/db", noise(kMiB, 1));
  Pair pair(from, to, small_is_large());
  pair.to.conflict = {{"*", ConflictRule::keep_original, {}}};
  pair.begin();
  write_at(from + "/db", 100, "changed");
  const auto large = pair.source->large("data");
  REQUIRE(large);
  REQUIRE(large->size() == 1);
  std::string signatures;
  REQUIRE(pair.target->signatures("data", *large, [&](Bytes bytes) -> Result<> {
    signatures.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  SECTION("the target changed its own") {
    write_at(to + "/db", 500, "the target's");
    auto stream = pair.target->apply("data");
    std::optional<Error> error;
    (void)pair.source->emit("data", RoundMode::events, source_of(signatures), [&](Bytes bytes) -> Result<> {
      auto done = (*stream)->write(bytes);
      if (!done) error = done.error();
      return done;
    });
    REQUIRE(error);
    CHECK(error->code == Code::mismatch);
    CHECK(error->message.find("'db' changed on the target") != std::string::npos);
    CHECK(read_file(to + "/db").substr(500, 12) == "the target's");
  }
  SECTION("the signatures are damaged on the way") {
    for (std::size_t at = 0; at < signatures.size(); at += 1 + signatures.size() / 60) {
      auto damaged = signatures;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x21);
      auto stream = pair.target->apply("data");
      (void)pair.source->large("data");
      const auto emitted = pair.source->emit("data", RoundMode::events, source_of(damaged),
                                             [&](Bytes bytes) { return (*stream)->write(bytes); });
      const bool carried = emitted && (*stream)->finish();
      const auto is = read_file(to + "/db");
      CHECK((is == noise(kMiB, 1) || (carried && is == read_file(from + "/db"))));
      write_at(from + "/db", 100, "changed");  // for the next one
      append_file(from + "/db", "x");
      pair.round(RoundMode::reconcile);
      write_file(from + "/db", noise(kMiB, 1));
      pair.round(RoundMode::reconcile);
      write_at(from + "/db", 100, "changed");
    }
  }
  pair.round(RoundMode::reconcile);
  pair.require_equal();
}

TEST_CASE("differences that are no differences are refused") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  write_file(to + "/db", noise(kMiB, 1));
  Pair pair(from, to);
  REQUIRE(pair.target->open_target(pair.to));
  struct stat st {};
  REQUIRE(::stat((to + "/db").c_str(), &st) == 0);
  const auto send = [&](const std::string& delta, bool with_base, files::Kind kind) {
    std::string bytes;
    const ByteSink sink = [&](Bytes more) -> Result<> {
      bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
      return {};
    };
    files::RecordWriter writer(sink);
    files::Meta meta;
    meta.kind = kind;
    meta.path = "db";
    REQUIRE(writer.entry(meta));
    if (with_base) REQUIRE(writer.base(files::stamp_of(st)));
    REQUIRE(writer.delta(std::as_bytes(std::span(delta))));
    REQUIRE(writer.close({kMiB, {}, true}));
    REQUIRE(writer.end({1, 0}));
    auto stream = pair.target->apply("data");
    return (*stream)->write(std::as_bytes(std::span(bytes)));
  };
  CHECK_FALSE(send("nonsense", true, files::Kind::file));
  CHECK_FALSE(send("", true, files::Kind::file));
  CHECK_FALSE(send("nonsense", false, files::Kind::file));
  CHECK_FALSE(send("nonsense", true, files::Kind::directory));
  // Copy a million bytes from far behind the end, as librsync writes it.
  CHECK_FALSE(send(std::string("rs\x02\x36\x54\x7f\xff\xff\xff\x00\x10\x00\x00\x00", 14), true, files::Kind::file));
  CHECK(read_file(to + "/db") == noise(kMiB, 1));
}
