#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/record.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

namespace {

std::string emitted(Pair& pair, RoundMode mode) {
  std::string bytes;
  const auto report = pair.source->emit("data", mode, nothing(), [&](Bytes piece) -> Result<> {
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return {};
  });
  INFO(why(report));
  REQUIRE(report);
  return bytes;
}

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// Records of a sender that means harm.
std::string hostile(const std::function<void(files::RecordWriter&)>& write) {
  std::string bytes;
  const ByteSink sink = [&](Bytes piece) -> Result<> {
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return {};
  };
  files::RecordWriter writer(sink);
  write(writer);
  REQUIRE(writer.end({}));
  return bytes;
}

files::Meta meta_for(const std::string& path) {
  files::Meta meta;
  meta.path = path;
  meta.mode = 0644;
  return meta;
}

void add_file(files::RecordWriter& writer, const files::Meta& meta) {
  REQUIRE(writer.entry(meta));
  REQUIRE(writer.close({0, files::record_hash(meta, files::ContentHash().finish(0)), true}));
}

}  // namespace

TEST_CASE("after a sink that failed, the same paths are taken again") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  write_file(pair.from.root + "/deleted", "d");
  pair.begin();
  write_file(pair.from.root + "/a", std::string(600'000, 'a'));
  fs::remove(pair.from.root + "/deleted");
  const auto digest = pair.source_digest();
  int pieces = 0;
  const auto failed = pair.source->emit("data", RoundMode::events, nothing(), [&](Bytes) -> Result<> {
    if (++pieces < 2) return {};
    return fail(Code::unreachable, "the channel broke");
  });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::unreachable);
  CHECK(pair.source_digest() == digest);
  CHECK(pair.source->pending("data")->paths == 3);
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.applied.paths == Paths{"deleted", ".", "a"});
  pair.require_equal();
}

TEST_CASE("a stream that breaks off leaves each path old or new, records nothing, and the next round repairs it") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  for (int i = 0; i < 5; ++i) write_file(pair.from.root + "/" + std::to_string(i), "old" + std::to_string(i));
  fs::create_directories(pair.from.root + "/x/y");
  pair.begin();
  for (int i = 0; i < 5; ++i) write_file(pair.from.root + "/" + std::to_string(i), "new" + std::to_string(i));
  fs::remove_all(pair.from.root + "/x");
  write_file(pair.from.root + "/x", "now a file");
  const auto before = pair.target_digest();
  const auto records = emitted(pair, RoundMode::events);
  // A part of the whole, not a count: the size differs by some bytes from one pass to the next, as its times do.
  const auto cut = records.size() * GENERATE(range(std::size_t{0}, std::size_t{64})) / 64;
  {
    auto stream = pair.target->apply("data");
    REQUIRE(stream);
    REQUIRE((*stream)->write(bytes_of(records).first(cut)));
    CHECK_FALSE((*stream)->finish());
  }
  CHECK(pair.target_digest() == before);
  require_no_temporaries(pair.to.root);
  for (int i = 0; i < 5; ++i) {
    const auto text = read_file(pair.to.root + "/" + std::to_string(i));
    CHECK((text == "old" + std::to_string(i) || text == "new" + std::to_string(i)));
  }
  const auto moved = pair.round(RoundMode::reconcile);
  CHECK(moved.applied.conflicts.empty());
  pair.require_equal();
}

TEST_CASE("a directory that gave way to a file in a round that broke off is forgotten with all that it held") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  make_directory(pair.from.root + "/was");
  write_file(pair.from.root + "/was/held", "h");
  pair.begin();
  fs::remove_all(pair.from.root + "/was");
  write_file(pair.from.root + "/was", "a file");
  {
    auto stream = pair.target->apply("data");
    REQUIRE(stream);
    const auto failed = pair.source->emit("data", RoundMode::events, nothing(), [&](Bytes bytes) -> Result<> {
      MOULT_TRY((*stream)->write(bytes.first(bytes.size() - 1)));
      return fail(Code::unreachable, "the channel broke");
    });
    REQUIRE_FALSE(failed);
  }
  REQUIRE(read_file(pair.to.root + "/was") == "a file");
  pair.round(RoundMode::events);
  pair.require_equal();
}

TEST_CASE("damaged streams are refused, whatever is damaged") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  write_file(pair.from.root + "/a", std::string(3000, 'a'));
  fs::create_directories(pair.from.root + "/d");
  REQUIRE(pair.source->start_capture({pair.from}));
  REQUIRE(pair.target->open_target(pair.to));
  const auto records = emitted(pair, RoundMode::scan);
  for (std::size_t at = 0; at < records.size(); at += at < 400 ? 1 : 97) {
    auto damaged = records;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    auto stream = pair.target->apply("data");
    REQUIRE(stream);
    const bool written = (*stream)->write(bytes_of(damaged)).has_value();
    if (written && (*stream)->finish()) {
      // Only what no hash covers may pass: an access time, a size that is a hint, a count.
      CHECK(read_file(pair.to.root + "/a") == read_file(pair.from.root + "/a"));
    }
  }
  const auto twice = records + records;
  auto stream = pair.target->apply("data");
  CHECK_FALSE((*stream)->write(bytes_of(twice)));
  CHECK_FALSE((*stream)->finish());
}

TEST_CASE("records cannot leave the set, through names or through links planted in it") {
  auto& sandbox = Sandbox::get();
  const auto outside = sandbox.directory("outside");
  write_file(outside + "/victim", "untouched");
  Pair pair(sandbox.directory("from"), sandbox.directory("to"));
  REQUIRE(::symlink(outside.c_str(), (pair.to.root + "/link").c_str()) == 0);
  REQUIRE(::symlink((outside + "/victim").c_str(), (pair.to.root + "/file").c_str()) == 0);
  pair.to.conflict = {{"*", ConflictRule::keep_original, {}}};
  REQUIRE(pair.target->open_target(pair.to));
  const auto send = [&](const std::function<void(files::RecordWriter&)>& write) {
    auto stream = pair.target->apply("data");
    auto done = (*stream)->write(bytes_of(hostile(write)));
    return done ? (*stream)->finish().map([](const ApplyReport&) {}) : done;
  };
  for (const auto* path : {"../outside", "/etc/x", "a/../../x", "", "a//b", "./a", "a/"}) {
    INFO(path);
    CHECK_FALSE(send([&](auto& writer) { add_file(writer, meta_for(path)); }));
    CHECK_FALSE(send([&](auto& writer) { REQUIRE(writer.deletion(path)); }));
  }
  CHECK_FALSE(send([&](auto& writer) { REQUIRE(writer.deletion(".")); }));
  CHECK_FALSE(send([&](auto& writer) { add_file(writer, meta_for(".")); }));
  (void)send([&](auto& writer) { add_file(writer, meta_for("link/victim")); });
  (void)send([&](auto& writer) { REQUIRE(writer.deletion("link/victim")); });
  (void)send([&](auto& writer) { add_file(writer, meta_for("link/new")); });
  CHECK(read_file(outside + "/victim") == "untouched");
  CHECK_FALSE(exists(outside + "/new"));
  // A record for the link itself replaces the link.
  CHECK(send([&](auto& writer) { add_file(writer, meta_for("file")); }));
  CHECK(fs::is_regular_file(fs::symlink_status(pair.to.root + "/file")));
  CHECK(read_file(outside + "/victim") == "untouched");
  CHECK(std::distance(fs::directory_iterator(outside), fs::directory_iterator()) == 1);
}

TEST_CASE("a hard link to what lies outside through a planted link is refused") {
  auto& sandbox = Sandbox::get();
  const auto outside = sandbox.directory("outside");
  write_file(outside + "/secret", "");
  Pair pair(sandbox.directory("from"), sandbox.directory("to"));
  REQUIRE(::symlink(outside.c_str(), (pair.to.root + "/link").c_str()) == 0);
  REQUIRE(pair.target->open_target(pair.to));
  files::Meta meta = meta_for("mine");
  meta.kind = files::Kind::hard_link;
  meta.link = "link/secret";
  auto stream = pair.target->apply("data");
  const auto bytes = hostile([&](auto& writer) {
    REQUIRE(writer.entry(meta));
    REQUIRE(writer.close({0, files::record_hash(meta, {}), true}));
  });
  REQUIRE((*stream)->write(bytes_of(bytes)));
  const auto report = (*stream)->finish();
  REQUIRE(report);
  CHECK(report->conflicts == Paths{"mine"});
  CHECK_FALSE(exists(pair.to.root + "/mine"));
}

TEST_CASE("a target that fills up is named, keeps the old version, and goes on once there is room") {
  auto& sandbox = Sandbox::get();
  Pair pair(sandbox.directory("from"), sandbox.small_tmpfs("to", 400));
  write_file(pair.from.root + "/a", "old");
  pair.begin();
  write_file(pair.to.root + "/ballast", std::string(200'000, 'b'));
  write_file(pair.from.root + "/a", std::string(300'000, 'n'));
  const auto failed = pair.try_round(RoundMode::events);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::no_space);
  CHECK(failed.error().describe().find("'a'") != std::string::npos);
  CHECK(read_file(pair.to.root + "/a") == "old");
  require_no_temporaries(pair.to.root);
  fs::remove(pair.to.root + "/ballast");
  pair.round(RoundMode::events);
  CHECK(read_file(pair.to.root + "/a") == read_file(pair.from.root + "/a"));
  CHECK(pair.source_digest() == pair.target_digest());
}

TEST_CASE("temporary files of a helper that died are removed when the set is opened") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  make_directory(pair.to.root + "/" + files::temporary_name());
  write_file(pair.to.root + "/" + files::temporary_name(), "half");
  pair.begin();
  pair.require_equal();
}

TEST_CASE("a set that nobody declared is an error that says what to do") {
  auto files = make_local_files();
  CHECK(files->emit("x", RoundMode::scan, nothing(), [](Bytes) { return Result<>{}; }).error().code == Code::not_found);
  CHECK(files->apply("x").error().code == Code::not_found);
  CHECK(files->digest("x").error().code == Code::not_found);
  CHECK(files->accept("x", {}).error().code == Code::not_found);
  CHECK(files->freeze({"x"}, Millis(100)).error().code == Code::not_found);
  CHECK(files->sync({"x"}).error().code == Code::not_found);
  FileSet set;
  set.name = "x", set.root = "/proc/version";
  CHECK(files->open_target(set).error().code == Code::refused);
}
