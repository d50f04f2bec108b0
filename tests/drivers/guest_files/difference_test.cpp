// Large files that go as their differences.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/files/delta.hpp"
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
  REQUIRE(::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(text.size()));
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
  for (int i = 0; i < 82; ++i)
    write_at(from + "/db", random() % 8192 * 4096, noise(4096, 100U + static_cast<unsigned>(i)));
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

TEST_CASE("which large files changed is seen without events too") {
  const auto from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  LocalFilesOptions options;
  SECTION("there are none") { options.use_fanotify = false; }
  SECTION("more came than are remembered") { options.pending_paths = 3; }
  write_file(from + "/db", noise(4 * kMiB, 1));
  write_file(from + "/at rest", noise(2 * kMiB, 2));
  Pair pair(from, to, options);
  pair.begin();
  for (int i = 0; i < 10; ++i) write_file(from + "/" + std::to_string(i), "small");
  write_at(from + "/db", 12'345, "changed");
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
  ::usleep(60'000);
  pair.round(RoundMode::events);
  CHECK(pair.round(RoundMode::events).large == 0);
  write_at(from + "/db", 4096, "changed");
  CHECK(pair.round(RoundMode::events).large == 1);
  pair.require_equal();
}

TEST_CASE("a file that is holes for the most part goes as what it holds") {
  const auto from = Sandbox::get().ext4("from"), to = Sandbox::get().ext4("to");
  write_file(from + "/disk", noise(kMiB, 1));
  fs::resize_file(from + "/disk", 64 * kMiB);
  Pair pair(from, to);
  pair.begin();
  write_at(from + "/disk", 12'345, "changed");
  CHECK(pair.round(RoundMode::events).large == 0);
  pair.require_equal();
}

namespace {

/// A file of which both sides have the same version, and then the source a changed one.
struct OneChanged {
  OneChanged() : pair(from, to, small_is_large()) {
    write_file(from + "/db", noise(kMiB, 1));
    pair.to.conflict = {{"*", ConflictRule::keep_original, {}}};
    pair.begin();
    write_at(from + "/db", 100, "changed");
  }
  std::string signatures() {
    std::string bytes;
    const auto large = pair.source->large("data");
    REQUIRE(large);
    REQUIRE_FALSE(large->empty());
    REQUIRE(pair.target->signatures("data", *large, [&](Bytes more) -> Result<> {
      bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
      return {};
    }));
    return bytes;
  }
  Result<ApplyReport> round(const std::string& given) {
    auto stream = pair.target->apply("data");
    REQUIRE(stream);
    MOULT_TRY(
        pair.source
            ->emit("data", RoundMode::events, source_of(given), [&](Bytes bytes) { return (*stream)->write(bytes); })
            .map([](const EmitReport&) {}));
    return (*stream)->finish();
  }
  std::string from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  Pair pair;
};

}  // namespace

TEST_CASE("a difference never lands on another version than the one that it starts from") {
  OneChanged one;
  const auto signatures = one.signatures();
  std::string there = read_file(one.to + "/db");
  SECTION("the target wrote to its own") {
    write_at(one.to + "/db", 500, "the target's");
    there.replace(500, 12, "the target's");
  }
  SECTION("the target put another in its place") {
    there = noise(kMiB, 9);
    write_file(one.to + "/new", there);
    fs::rename(one.to + "/new", one.to + "/db");
  }
  const auto report = one.round(signatures);
  INFO(why(report));
  REQUIRE(report);
  CHECK(report->stale == std::vector<std::string>{"db"});
  CHECK(report->paths.empty());
  CHECK(read_file(one.to + "/db") == there);
  CHECK(one.pair.source_digest() != one.pair.target_digest());
  CHECK(one.pair.round(RoundMode::reconcile).applied.stale.empty());
  one.pair.require_equal();
}

TEST_CASE("a version that is gone altogether makes the file go whole") {
  OneChanged one;
  const auto signatures = one.signatures();
  fs::remove(one.to + "/db");
  CHECK(one.round(signatures).value().stale == std::vector<std::string>{"db"});
  one.pair.round(RoundMode::reconcile);
  one.pair.require_equal();
}

TEST_CASE("what the target changed itself has no signature") {
  OneChanged one;
  write_at(one.to + "/db", 500, "the target's");
  const auto moved = one.pair.round(RoundMode::events);
  CHECK(moved.large == 1);
  CHECK(moved.signature_bytes == 0);
  one.pair.require_equal();
}

TEST_CASE("a block that is taken for another is found out, and the file goes whole") {
  OneChanged one;
  auto signatures = one.signatures();
  // The sums of the last two whole blocks change places.
  const auto last = signatures.size() - 24;
  const auto sums = signatures.substr(last, 12);
  signatures.replace(last, 12, signatures.substr(last + 12, 12)).replace(last + 12, 12, sums);
  const auto report = one.round(signatures);
  INFO(why(report));
  REQUIRE(report);
  CHECK(report->stale == std::vector<std::string>{"db"});
  CHECK(read_file(one.to + "/db") == noise(kMiB, 1));
  one.pair.round(RoundMode::reconcile);
  one.pair.require_equal();
}

TEST_CASE("a further name of a file whose difference is stale waits for it") {
  OneChanged one;
  REQUIRE(::link((one.from + "/db").c_str(), (one.from + "/second").c_str()) == 0);
  const auto signatures = one.signatures();
  write_at(one.to + "/db", 500, "the target's");
  const auto report = one.round(signatures);
  REQUIRE(report);
  CHECK(report->stale == std::vector<std::string>{"db", "second"});
  CHECK(report->conflicts.empty());
  one.pair.round(RoundMode::reconcile);
  one.pair.require_equal();
}

TEST_CASE("damaged signatures never carry something else") {
  OneChanged one;
  const auto signatures = one.signatures();
  for (std::size_t at = 0; at < signatures.size(); at += 1 + signatures.size() / 60) {
    auto damaged = one.signatures();
    damaged[at] = static_cast<char>(damaged[at] ^ 0x21);
    const auto report = one.round(damaged);
    const auto is = read_file(one.to + "/db");
    CHECK((is == noise(kMiB, 1) || (report && is == read_file(one.from + "/db"))));
    write_file(one.from + "/db", noise(kMiB, 1));
    one.pair.round(RoundMode::reconcile);
    write_at(one.from + "/db", 100, "changed");
  }
  one.pair.round(RoundMode::reconcile);
  one.pair.require_equal();
}

TEST_CASE("only signatures of our own kind are taken") {
  const auto path = Sandbox::get().directory("from") + "/old";
  write_file(path, noise(kMiB, 1));
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto good = files::signature_of(fd.get(), kMiB);
  REQUIRE(good);
  CHECK(good->size() <= files::signature_size(kMiB));
  CHECK(files::DeltaMaker::make(*good));
  const auto with = [&](std::size_t at, const std::string& bytes) {
    auto changed = *good;
    return files::DeltaMaker::make(changed.replace(at, bytes.size(), bytes)).has_value();
  };
  CHECK_FALSE(with(4, std::string("\x7f\xff\xf0\x00", 4)));  // blocks of 2 GiB: as much would be held in memory
  CHECK_FALSE(with(4, std::string("\x00\x00\x00\x01", 4)));
  CHECK_FALSE(with(0, "rs\x01\x36"));
  CHECK_FALSE(with(8, std::string("\x00\x00\x00\x20", 4)));
  CHECK_FALSE(files::DeltaMaker::make(good->substr(0, good->size() - 1)));
  CHECK_FALSE(files::DeltaMaker::make("").has_value());
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
    meta.size = kMiB;
    REQUIRE(writer.entry(meta));
    if (with_base) REQUIRE(writer.base(files::stamp_of(st)));
    REQUIRE(writer.delta(std::as_bytes(std::span(delta))));
    REQUIRE(writer.close({kMiB, {}, true}));
    REQUIRE(writer.end({1, 0}));
    auto stream = pair.target->apply("data");
    return (*stream)->write(std::as_bytes(std::span(bytes)));
  };
  // As librsync writes them: its magic, a copy of so many bytes from there, the end.
  const std::string magic("rs\x02\x36", 4), end(1, '\0');
  const std::string copy_all("\x4f\x00\x00\x00\x00\x00\x10\x00\x00", 9),
      from_far("\x4f\x7f\xff\xff\xff\x00\x10\x00\x00", 9);
  CHECK(send(magic + copy_all + end, true, files::Kind::file));
  CHECK_FALSE(send("nonsense", true, files::Kind::file));
  CHECK_FALSE(send("", true, files::Kind::file));
  CHECK_FALSE(send("nonsense", false, files::Kind::file));
  CHECK_FALSE(send("nonsense", true, files::Kind::directory));
  CHECK_FALSE(send(magic + from_far + end, true, files::Kind::file));
  CHECK_FALSE(send(magic + copy_all, true, files::Kind::file));
  CHECK_FALSE(send(magic + copy_all + end + "more", true, files::Kind::file));
  const auto twice = send(magic + copy_all + copy_all + end, true, files::Kind::file);
  REQUIRE_FALSE(twice);
  CHECK(twice.error().message.find("more than its size") != std::string::npos);
  CHECK(read_file(to + "/db") == noise(kMiB, 1));
}
