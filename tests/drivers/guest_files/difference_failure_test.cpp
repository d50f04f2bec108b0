// What may go wrong with differences: nothing is lost, and nothing half done.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/files/delta.hpp"
#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/record.hpp"
#include "support/large_file.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

TEST_CASE("a difference never lands on another version than the one that it starts from") {
  OneChanged one;
  const auto signatures = one.signatures();
  std::string there = read_file(one.to + "/db");
  SECTION("the target wrote to its own") {
    write_into(one.to + "/db", 500, "the target's");
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
  CHECK((read_file(one.to + "/db") == there));
  CHECK(one.pair.source_digest() != one.pair.target_digest());
  CHECK(one.pair.round(RoundMode::reconcile).applied.stale.empty());
  one.require_carried();
}

TEST_CASE("a version that is gone altogether makes the file go whole") {
  OneChanged one;
  const auto signatures = one.signatures();
  fs::remove(one.to + "/db");
  CHECK(one.round(signatures).value().stale == std::vector<std::string>{"db"});
  one.pair.round(RoundMode::reconcile);
  one.require_carried();
}

TEST_CASE("what the target changed itself has no signature") {
  OneChanged one;
  write_into(one.to + "/db", 500, "the target's");
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
  CHECK((read_file(one.to + "/db") == noise(kMiB, 1)));
  one.pair.round(RoundMode::reconcile);
  one.pair.require_equal();
}

TEST_CASE("a further name of a file whose difference is stale waits for it") {
  OneChanged one;
  REQUIRE(::link((one.from + "/db").c_str(), (one.from + "/second").c_str()) == 0);
  const auto signatures = one.signatures();
  write_into(one.to + "/db", 500, "the target's");
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
    write_into(one.from + "/db", 100, "changed");
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
  CHECK(files::DeltaMaker::make(*good, kMiB));
  const auto with = [&](std::size_t at, const std::string& bytes) {
    auto changed = *good;
    return files::DeltaMaker::make(changed.replace(at, bytes.size(), bytes), kMiB).has_value();
  };
  CHECK_FALSE(with(4, std::string("\x7f\xff\xf0\x00", 4)));  // blocks of 2 GiB: as much would be held in memory
  CHECK_FALSE(with(4, std::string("\x00\x00\x00\x01", 4)));
  CHECK_FALSE(with(0, "rs\x01\x36"));
  CHECK_FALSE(with(8, std::string("\x00\x00\x00\x20", 4)));
  CHECK_FALSE(files::DeltaMaker::make(good->substr(0, good->size() - 1), kMiB));
  CHECK_FALSE(files::DeltaMaker::make("", kMiB).has_value());
}

TEST_CASE("a signature made to cost time is refused, or given up") {
  const auto path = Sandbox::get().directory("from") + "/old";
  const auto content = noise(kMiB, 1);
  write_file(path, content);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto good = files::signature_of(fd.get(), kMiB).value();
  SECTION("each byte would be compared with many blocks, one by one") {
    auto crowded = good;
    for (std::size_t at = 12; at + 12 <= crowded.size(); at += 12) crowded.replace(at, 4, "same");
    CHECK_FALSE(files::DeltaMaker::make(crowded, kMiB));
  }
  SECTION("each byte would cost the hash of a large block") {
    auto large = good;
    CHECK(files::DeltaMaker::make(large.replace(4, 4, std::string("\0\0\x20\0", 4)), kMiB));
    CHECK_FALSE(files::DeltaMaker::make(large.replace(4, 4, std::string("\0\0\x40\0", 4)), kMiB));
  }
  SECTION("equal blocks are none of that") {
    write_file(path, std::string(kMiB, 'z'));
    CHECK(files::DeltaMaker::make(files::signature_of(fd.get(), kMiB).value(), kMiB));
  }
  SECTION("a delta that takes too long ends as one of another file") {
    auto maker = files::DeltaMaker::make(good, kMiB, {1e-9, 1e18}).value();
    std::string made;
    files::Patcher patcher(fd.get());
    const files::Pieces write = [&](std::span<const std::byte> bytes) -> Result<> {
      made.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    };
    const files::Pieces apply = [&](std::span<const std::byte> bytes) { return patcher.feed(bytes, write); };
    for (std::size_t at = 0; at < kMiB; at += kMiB / 8)
      REQUIRE(maker.feed(std::as_bytes(std::span(content)).subspan(at, kMiB / 8), apply));
    REQUIRE(maker.finish(apply));
    REQUIRE(patcher.finish(write));
    CHECK(made.size() < kMiB / 2);
  }
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
  CHECK((read_file(to + "/db") == noise(kMiB, 1)));
}

TEST_CASE("a difference that breaks off anywhere leaves the old version") {
  OneChanged one;
  std::string records;
  REQUIRE(one.pair.source->emit("data", RoundMode::events, source_of(one.signatures()), [&](Bytes bytes) -> Result<> {
    records.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  const auto before = one.pair.target_digest();
  const auto cut = records.size() * GENERATE(range(std::size_t{0}, std::size_t{16})) / 16;
  {
    auto stream = one.pair.target->apply("data");
    REQUIRE(stream);
    REQUIRE((*stream)->write(std::as_bytes(std::span(records)).first(cut)));
    CHECK_FALSE((*stream)->finish());
  }
  CHECK((read_file(one.to + "/db") == noise(kMiB, 1)));
  CHECK(one.pair.target_digest() == before);
  require_no_temporaries(one.to);
  one.pair.round(RoundMode::reconcile);
  one.pair.require_equal();
}

TEST_CASE("a large file that changes while its difference is made is carried again") {
  OneChanged one;
  const auto signatures = one.signatures();
  const auto file = one.from + "/db";
  write_file(file, noise(4 * kMiB, 5));  // so that it takes several pieces
  const auto change = GENERATE(0, 1, 2, 3);
  bool done = false;
  auto stream = one.pair.target->apply("data");
  REQUIRE(stream);
  const auto emitted =
      one.pair.source->emit("data", RoundMode::events, source_of(signatures), [&](Bytes bytes) -> Result<> {
        if (!std::exchange(done, true)) {
          if (change == 0) fs::resize_file(file, 1000);
          if (change == 1) append_file(file, noise(kMiB, 6));
          if (change == 2) write_file(one.from + "/other", noise(kMiB, 7)), fs::rename(one.from + "/other", file);
          if (change == 3) fs::remove(file);
        }
        return (*stream)->write(bytes);
      });
  INFO(why(emitted));
  REQUIRE(emitted);
  REQUIRE(done);
  REQUIRE((*stream)->finish());
  one.pair.round(RoundMode::events);
  one.pair.require_equal();
  require_no_temporaries(one.to);
}

TEST_CASE("a target that fills up while a file is patched keeps the old version, and goes on once there is room") {
  auto& sandbox = Sandbox::get();
  Pair pair(sandbox.directory("from"), sandbox.small_tmpfs("to", 5120));
  write_file(pair.from.root + "/db", noise(2 * kMiB, 1));
  pair.begin();
  write_file(pair.to.root + "/ballast", std::string(2 * kMiB, 'b'));
  write_into(pair.from.root + "/db", 100, "changed");
  const auto failed = pair.try_round(RoundMode::events);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::no_space);
  CHECK(failed.error().describe().find("'db'") != std::string::npos);
  CHECK((read_file(pair.to.root + "/db") == noise(2 * kMiB, 1)));
  require_no_temporaries(pair.to.root);
  fs::remove(pair.to.root + "/ballast");
  pair.round(RoundMode::reconcile);
  CHECK((read_file(pair.to.root + "/db") == read_file(pair.from.root + "/db")));
  CHECK(pair.source_digest() == pair.target_digest());
}
