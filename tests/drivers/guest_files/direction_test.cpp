#include <filesystem>

#include "catch.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

TEST_CASE("a block copy needs no content read: what neither side touched is not carried") {
  auto& sandbox = Sandbox::get();
  // One file system stands for both disks: what moult compares are inode numbers and times, which a clone's disk
  // shares.
  const auto root = sandbox.directory("both");
  for (int i = 0; i < 50; ++i) write_file(root + "/" + std::to_string(i), "x");
  Pair pair(root, root);
  const auto moved = pair.begin();
  CHECK(moved.emitted.paths == 0);
  CHECK(moved.emitted.bytes == 0);
  CHECK(pair.source_digest() == pair.target_digest());
}

TEST_CASE("what changed after the copy is carried by the first round, deletions too") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  write_file(pair.to.root + "/gone-from-the-original", "x");
  fs::create_directories(pair.to.root + "/old/tree");
  write_file(pair.from.root + "/new", "n");
  const auto moved = pair.begin();
  CHECK(moved.emitted.deletions == 2);
  CHECK(moved.applied.conflicts.empty());
  pair.require_equal();
}

TEST_CASE("a manifest survives the clone's reboot: its own changes stay known, carried paths stay counted") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  write_file(pair.from.root + "/a", "a");
  write_file(pair.from.root + "/b", "b");
  pair.begin();
  append_file(pair.to.root + "/a", "the update's");
  const auto saved = pair.saved_manifest();
  const auto digest = pair.target_digest();
  pair.target = make_local_files();
  REQUIRE(pair.target->restore_target(pair.to, source_of(saved)));
  CHECK(pair.target_digest() == digest);
  CHECK(pair.saved_manifest() == saved);
  append_file(pair.from.root + "/a", "original's");
  append_file(pair.from.root + "/b", "original's");
  const auto moved = pair.round(RoundMode::events);
  CHECK(moved.applied.conflicts == Paths{"a"});
  CHECK(moved.applied.paths == Paths{"b"});

  for (std::size_t cut : {std::size_t{0}, std::size_t{5}, saved.size() / 2, saved.size() - 1})
    CHECK(pair.target->restore_target(pair.to, source_of(saved.substr(0, cut))).error().code == Code::invalid);
  for (std::size_t at = 0; at < saved.size(); at += 3) {
    auto damaged = saved;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    CHECK_FALSE(pair.target->restore_target(pair.to, source_of(damaged)));
  }
}

TEST_CASE("opening a target again keeps what is known of its own changes") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  write_file(pair.from.root + "/a", "a");
  pair.begin();
  append_file(pair.to.root + "/a", "clone's");
  REQUIRE(pair.target->open_target(pair.to));
  append_file(pair.from.root + "/a", "original's");
  CHECK(pair.round(RoundMode::events).applied.conflicts == Paths{"a"});
}

TEST_CASE("a source whose helper was restarted sends by a reconciling round only what differs") {
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"));
  for (int i = 0; i < 20; ++i) write_file(pair.from.root + "/" + std::to_string(i), std::to_string(i));
  pair.begin();
  pair.source = make_local_files();
  append_file(pair.from.root + "/3", "unseen");
  fs::remove(pair.from.root + "/4");
  REQUIRE(pair.source->start_capture({pair.from}));
  const auto moved = pair.round(RoundMode::reconcile);
  CHECK(moved.emitted.deletions == 1);
  CHECK(moved.emitted.paths == 2);  // the file, and its directory's times
  CHECK(moved.applied.paths.back() == "3");
  pair.require_equal();
}

TEST_CASE("the way back: the clone's writes reach the original, and forward again") {
  Pair pair(Sandbox::get().ext4("from"), Sandbox::get().ext4("to"));
  write_file(pair.from.root + "/note-1", "one");
  write_file(pair.from.root + "/note-2", "two");
  pair.begin();
  write_file(pair.from.root + "/note-3", "three");
  pair.round(RoundMode::events);
  pair.require_equal();

  FileSet clone_as_source = pair.to, original_as_target = pair.from;
  REQUIRE(pair.target->start_capture({clone_as_source}));
  CHECK(pair.target_digest() == pair.source_digest());  // still forward until a round goes back
  write_file(pair.to.root + "/note-4", "four");
  fs::remove(pair.to.root + "/note-1");
  REQUIRE(pair.source->open_target(original_as_target));
  auto back = pair.round_back(RoundMode::reconcile);
  CHECK(back.applied.conflicts.empty());
  append_file(pair.to.root + "/note-2", " more");
  back = pair.round_back(RoundMode::events);
  CHECK_FALSE(back.emitted.scanned);
  CHECK(back.applied.paths == Paths{"note-2"});
  pair.require_equal();

  write_file(pair.from.root + "/note-5", "five");
  REQUIRE(pair.target->open_target(pair.to));
  const auto moved = pair.round(RoundMode::reconcile);
  CHECK(moved.applied.conflicts.empty());
  pair.require_equal();
}
