#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <random>

#include "catch.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

namespace {

/// A pair with one file of each rule's suffix, and the first round done.
struct Ruled {
  Ruled() : pair(Sandbox::get().directory("from"), Sandbox::get().directory("to")) {
    for (const auto* name : {"a.orig", "a.clone", "a.none", "a.merge"}) write_file(path(name), "base\n");
    make_directory(path("dir"));
    write_file(path("dir/x.none"), "x");
    write_file(path("dir/x.clone"), "x");
    PatternRule merge{"*.merge", ConflictRule::merge, {"/bin/sh", "-c", "cat \"$0\" >> \"$1\""}};
    pair.to.conflict = {{"*.orig", ConflictRule::keep_original, {}}, {"*.clone", ConflictRule::keep_clone, {}}, merge};
    pair.begin();
  }
  std::string path(const std::string& name) const { return pair.from.root + "/" + name; }
  std::string clone(const std::string& name) const { return pair.to.root + "/" + name; }
  Pair pair;
};

}  // namespace

TEST_CASE("what only the clone changed stays, and is no conflict") {
  Ruled ruled;
  append_file(ruled.clone("a.none"), "the update's");
  write_file(ruled.clone("new"), "the update's");
  append_file(ruled.path("a.orig"), "the client's");
  const auto moved = ruled.pair.round(RoundMode::scan);
  CHECK(moved.applied.paths == Paths{"a.orig"});
  CHECK(moved.applied.conflicts.empty());
  CHECK(read_file(ruled.clone("a.none")) == "base\nthe update's");
  CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());
}

TEST_CASE("keep-original applies, and lists nothing") {
  Ruled ruled;
  append_file(ruled.clone("a.orig"), "clone");
  append_file(ruled.path("a.orig"), "original");
  const auto moved = ruled.pair.round(RoundMode::events);
  CHECK(moved.applied.conflicts.empty());
  CHECK(moved.applied.kept.empty());
  ruled.pair.require_equal();
}

TEST_CASE("keep-clone keeps, lists it each time, and the digests agree") {
  Ruled ruled;
  append_file(ruled.clone("a.clone"), "clone");
  for (int i = 0; i < 2; ++i) {
    append_file(ruled.path("a.clone"), "original");
    const auto moved = ruled.pair.round(RoundMode::events);
    CHECK(moved.applied.kept == Paths{"a.clone"});
    CHECK(moved.applied.conflicts.empty());
    CHECK(read_file(ruled.clone("a.clone")) == "base\nclone");
    CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());
  }
}

TEST_CASE("without a rule nothing is applied, the path stays listed, and the digests differ") {
  Ruled ruled;
  append_file(ruled.clone("a.none"), "clone");
  append_file(ruled.path("a.none"), "original");
  CHECK(ruled.pair.round(RoundMode::events).applied.conflicts == Paths{"a.none"});
  CHECK(read_file(ruled.clone("a.none")) == "base\nclone");
  CHECK(ruled.pair.round(RoundMode::events).applied.conflicts == Paths{"a.none"});
  CHECK(ruled.pair.source_digest() != ruled.pair.target_digest());
  SECTION("until both sides are alike again") {
    write_file(ruled.path("a.none"), "base\nclone");
    CHECK(ruled.pair.round(RoundMode::events).applied.conflicts.empty());
    CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());
  }
  SECTION("or until the clone's change is accepted, and the original writes again") {
    REQUIRE(ruled.pair.target->accept("data", {"a.none"}));
    append_file(ruled.path("a.none"), "!");
    CHECK(ruled.pair.round(RoundMode::events).applied.conflicts.empty());
    CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());
    CHECK(read_file(ruled.clone("a.none")) == "base\noriginal!");
  }
  SECTION("also over a restart of the clone's helper") {
    const auto saved = ruled.pair.saved_manifest();
    ruled.pair.target = make_local_files();
    REQUIRE(ruled.pair.target->restore_target(ruled.pair.to, source_of(saved)));
    CHECK(ruled.pair.round(RoundMode::events).applied.conflicts == Paths{"a.none"});
    CHECK(ruled.pair.source_digest() != ruled.pair.target_digest());
  }
}

TEST_CASE("merge runs the command on both versions; where it fails, the conflict stands") {
  Ruled ruled;
  append_file(ruled.clone("a.merge"), "clone\n");
  append_file(ruled.path("a.merge"), "original\n");
  REQUIRE(::chmod(ruled.clone("a.merge").c_str(), 0604) == 0);
  auto moved = ruled.pair.round(RoundMode::events);
  CHECK(moved.applied.conflicts.empty());
  CHECK(moved.applied.paths == Paths{"a.merge"});
  CHECK(read_file(ruled.clone("a.merge")) == "base\nclone\nbase\noriginal\n");
  CHECK(fs::status(ruled.clone("a.merge")).permissions() == fs::perms(0604));
  CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());

  ruled.pair.to.conflict = {{"*", ConflictRule::merge, {"/bin/false"}}};
  REQUIRE(ruled.pair.target->open_target(ruled.pair.to));
  append_file(ruled.clone("a.merge"), "again\n");
  append_file(ruled.path("a.merge"), "again\n");
  moved = ruled.pair.round(RoundMode::events);
  CHECK(moved.applied.conflicts == Paths{"a.merge"});
  CHECK(read_file(ruled.clone("a.merge")) == "base\nclone\nbase\noriginal\nagain\n");
  for (const auto& entry : fs::directory_iterator("/run"))
    CHECK(entry.path().filename().string().rfind("moult-merge", 0) != 0);
}

TEST_CASE("a merge command that never ends is killed, and the conflict stands") {
  LocalFilesOptions options;
  options.merge_timeout = Millis(100);
  Pair pair(Sandbox::get().directory("from"), Sandbox::get().directory("to"), options);
  pair.to.conflict = {{"*", ConflictRule::merge, {"/bin/sleep", "1000"}}};
  write_file(pair.from.root + "/a", "a");
  pair.begin();
  append_file(pair.from.root + "/a", "original");
  append_file(pair.to.root + "/a", "clone");
  CHECK(pair.round(RoundMode::events).applied.conflicts == Paths{"a"});
}

TEST_CASE("deleted on one side and changed on the other is a conflict") {
  Ruled ruled;
  SECTION("deleted on the original") {
    for (const auto* name : {"a.orig", "a.clone", "a.none"}) {
      append_file(ruled.clone(name), "clone");
      fs::remove(ruled.path(name));
    }
    const auto moved = ruled.pair.round(RoundMode::events);
    CHECK(moved.applied.conflicts == Paths{"a.none"});
    CHECK(moved.applied.kept == Paths{"a.clone"});
    CHECK_FALSE(exists(ruled.clone("a.orig")));
    CHECK(exists(ruled.clone("a.clone")));
    CHECK(exists(ruled.clone("a.none")));
  }
  SECTION("deleted on the clone") {
    for (const auto* name : {"a.orig", "a.clone", "a.none"}) {
      fs::remove(ruled.clone(name));
      append_file(ruled.path(name), "original");
    }
    const auto moved = ruled.pair.round(RoundMode::events);
    CHECK(moved.applied.conflicts == Paths{"a.none"});
    CHECK(moved.applied.kept == Paths{"a.clone"});
    CHECK(exists(ruled.clone("a.orig")));
    CHECK_FALSE(exists(ruled.clone("a.clone")));
    CHECK_FALSE(exists(ruled.clone("a.none")));
  }
  SECTION("deleted on both") {
    fs::remove(ruled.clone("a.none"));
    fs::remove(ruled.path("a.none"));
    CHECK(ruled.pair.round(RoundMode::events).applied.conflicts.empty());
    ruled.pair.require_equal();
  }
  SECTION("a directory is removed that holds the clone's own change") {
    append_file(ruled.clone("dir/x.none"), "clone");
    fs::remove_all(ruled.path("dir"));
    const auto moved = ruled.pair.round(RoundMode::events);
    CHECK(moved.applied.conflicts == Paths{"dir/x.none"});
    CHECK(exists(ruled.clone("dir/x.none")));
    CHECK_FALSE(exists(ruled.clone("dir/x.clone")));
  }
  SECTION("a directory is removed, the clone's file in it is kept by rule") {
    append_file(ruled.clone("dir/x.clone"), "clone");
    fs::remove_all(ruled.path("dir"));
    const auto moved = ruled.pair.round(RoundMode::events);
    CHECK(moved.applied.conflicts.empty());
    CHECK(moved.applied.kept == Paths{"dir/x.clone"});
    CHECK(read_file(ruled.clone("dir/x.clone")) == "xclone");
    CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());
  }
  SECTION("the clone removed a directory that the original still writes into") {
    fs::remove_all(ruled.clone("dir"));
    append_file(ruled.path("dir/x.none"), "original");
    append_file(ruled.path("dir/x.clone"), "original");
    const auto moved = ruled.pair.round(RoundMode::events);
    CHECK(moved.applied.conflicts == Paths{"dir/x.none"});
    CHECK(moved.applied.kept == Paths{"dir/x.clone"});
  }
}

TEST_CASE("files that both sides made are a conflict unless they are alike") {
  Ruled ruled;
  write_file(ruled.path("both"), "same");
  write_file(ruled.clone("both"), "same");
  write_file(ruled.path("differ"), "original's");
  write_file(ruled.clone("differ"), "clone's");
  const auto moved = ruled.pair.round(RoundMode::events);
  CHECK(moved.applied.conflicts == Paths{"differ"});
  CHECK(read_file(ruled.clone("differ")) == "clone's");
}

TEST_CASE(
    "what a migrate command rewrote is no conflict once accepted, and the digests stay those of what was carried") {
  Ruled ruled;
  append_file(ruled.path("a.none"), "one");
  ruled.pair.round(RoundMode::events);
  const auto before = ruled.pair.target_digest();
  const bool all = GENERATE(false, true);
  write_file(ruled.clone("a.none"), "MIGRATED");
  fs::remove(ruled.clone("a.orig"));
  write_file(ruled.clone("a.new-form"), "made from a.orig");
  REQUIRE(ruled.pair.target->accept("data", all ? Paths{} : Paths{"a.none", "a.orig", "a.new-form"}));
  CHECK(ruled.pair.target_digest() == before);
  append_file(ruled.path("a.none"), "two");
  append_file(ruled.path("a.orig"), "again");
  const auto moved = ruled.pair.round(RoundMode::events);
  CHECK(moved.applied.conflicts.empty());
  CHECK(read_file(ruled.clone("a.none")) == "base\nonetwo");
  CHECK(read_file(ruled.clone("a.orig")) == "base\nagain");
  CHECK(ruled.pair.source_digest() == ruled.pair.target_digest());
}

namespace {

using Content = std::optional<std::string>;

/// One file on both sides, and what the rules make of it.
struct Modelled {
  std::string name;
  Content source, sent;      ///< now, and as the last round took it
  Content target, accepted;  ///< now, and as moult last left it

  void carry() {
    if (source == sent) return;
    sent = source;
    const bool own = target != accepted;
    if (own && source != target && !name.ends_with(".orig")) return;
    target = accepted = source;
  }
};

void change(const std::string& file, Content& content, std::mt19937_64& random) {
  content = random() % 3 == 0 ? Content() : Content("value " + std::to_string(random()));
  if (content)
    write_file(file, *content);
  else
    fs::remove(file);
}

}  // namespace

TEST_CASE("any changes on both sides end as the rules say") {
  auto& sandbox = Sandbox::get();
  const auto seed = GENERATE(range(1, 31));
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  Pair pair(sandbox.directory("from"), sandbox.directory("to"));
  pair.to.conflict = {{"*.orig", ConflictRule::keep_original, {}}, {"*.clone", ConflictRule::keep_clone, {}}};
  std::vector<Modelled> files;
  for (int i = 0; i < 12; ++i)
    files.push_back({std::to_string(i) + (i % 3 == 0 ? ".orig" : i % 3 == 1 ? ".clone" : ".none"), {}, {}, {}, {}});
  for (auto& file : files)
    if (random() % 2 == 0) change(pair.from.root + "/" + file.name, file.source, random);
  pair.begin();
  for (auto& file : files) file.sent = file.target = file.accepted = file.source;
  for (int round = 0; round < 4; ++round) {
    for (auto& file : files) {
      if (random() % 3 == 0) change(pair.to.root + "/" + file.name, file.target, random);
      if (random() % 3 == 0) change(pair.from.root + "/" + file.name, file.source, random);
    }
    pair.round(random() % 2 == 0 ? RoundMode::events : RoundMode::scan);
    for (auto& file : files) {
      file.carry();
      INFO(file.name << " in round " << round << ", seed " << seed);
      const auto path = pair.to.root + "/" + file.name;
      REQUIRE(exists(path) == file.target.has_value());
      if (file.target) REQUIRE(read_file(path) == *file.target);
    }
  }
}
