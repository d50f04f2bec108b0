#include "tests/drivers/contract/guest_files_contract.hpp"

#include <future>

namespace moult::contract {
namespace {

constexpr Millis kSettle{150};  ///< until an event has surely been noticed

FileSet set_on(const FilesContext& context, const FilesSide& side) {
  return {context.set, side.root, {}, {"*.tmp"}, {}};
}

/// Capture on the source and the target opened, both empty or as the caller filled them.
void open_both(const FilesContext& context, std::vector<PatternRule> rules = {}) {
  auto target = set_on(context, context.target);
  target.conflict = std::move(rules);
  REQUIRE_GOOD(context.source.files.start_capture({set_on(context, context.source)}));
  REQUIRE_GOOD(context.target.files.open_target(target));
}

struct Round {
  EmitReport emitted;
  ApplyReport applied;
};

std::string manifest_of(const FilesContext& context) {
  std::string manifest;
  REQUIRE_GOOD(context.target.files.manifest(context.set, sink_into(manifest)));
  return manifest;
}

Round carry(const FilesContext& context, RoundMode mode) {
  const auto manifest = mode == RoundMode::reconcile ? manifest_of(context) : std::string();
  auto stream = value_of(context.target.files.apply(context.set));
  Round round;
  round.emitted = value_of(context.source.files.emit(context.set, mode, source_of(manifest),
                                                     [&](Bytes bytes) { return stream->write(bytes); }));
  round.applied = value_of(stream->finish());
  return round;
}

Round carry_events(const FilesContext& context) {
  context.wait(kSettle);
  return carry(context, RoundMode::events);
}

void write(const FilesSide& side, const std::string& path, const std::string& text) {
  put_text(side.access, side.root + "/" + path, text);
}
std::string read(const FilesSide& side, const std::string& path) {
  return get_text(side.access, side.root + "/" + path);
}

bool has(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

void check_digests_equal(const FilesContext& context) {
  CHECK(value_of(context.source.files.digest(context.set)) == value_of(context.target.files.digest(context.set)));
}

}  // namespace

void the_first_round_makes_the_sides_equal(const FilesContext& context) {
  write(context.source, "both-alike", "same");
  write(context.target, "both-alike", "same");
  write(context.source, "differs", "new");
  write(context.target, "differs", "of old");
  write(context.source, "only-here", "here");
  write(context.target, "only-there", "there");
  open_both(context);
  const auto round = carry(context, RoundMode::reconcile);
  CHECK(round.applied.conflicts.empty());
  CHECK(read(context.target, "both-alike") == "same");
  CHECK(read(context.target, "differs") == "new");
  CHECK(read(context.target, "only-here") == "here");
  CHECK(read(context.target, "only-there") == "<none>");
  CHECK(has(round.applied.paths, "differs"));
  CHECK(has(round.applied.paths, "only-there"));
  check_digests_equal(context);
}

void rounds_carry_what_is_created_changed_renamed_and_deleted(const FilesContext& context) {
  for (const char* name : {"changed", "renamed", "deleted", "untouched"}) write(context.source, name, name);
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  const auto& root = context.source.root;
  write(context.source, "created", "created");
  write(context.source, "changed", "changed again");
  must_run(context.source.access, {"mv", root + "/renamed", root + "/renamed-to"});
  must_run(context.source.access, {"rm", root + "/deleted"});
  must_run(context.source.access, {"mkdir", "-p", root + "/deep/er"});
  write(context.source, "deep/er/file", "deep");
  const auto round = carry_events(context);
  CHECK(round.emitted.deletions >= 2);
  CHECK(read(context.target, "created") == "created");
  CHECK(read(context.target, "changed") == "changed again");
  CHECK(read(context.target, "renamed") == "<none>");
  CHECK(read(context.target, "renamed-to") == "renamed");
  CHECK(read(context.target, "deleted") == "<none>");
  CHECK(read(context.target, "untouched") == "untouched");
  CHECK(read(context.target, "deep/er/file") == "deep");
  CHECK_FALSE(has(round.applied.paths, "untouched"));
  check_digests_equal(context);
}

void pending_counts_what_waits_and_a_round_takes_it(const FilesContext& context) {
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  write(context.source, "one", std::string(1000, '1'));
  write(context.source, "two", std::string(500, '2'));
  context.wait(kSettle);
  const auto before = value_of(context.source.files.pending(context.set));
  CHECK(before.paths >= 2);
  CHECK(before.bytes >= 1500);
  CHECK_FALSE(before.overflow);
  (void)carry(context, RoundMode::events);
  CHECK(value_of(context.source.files.pending(context.set)).paths == 0);
  const auto nothing = carry(context, RoundMode::events);
  CHECK(nothing.emitted.paths + nothing.emitted.deletions == 0);
}

void starting_capture_again_loses_nothing(const FilesContext& context) {
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  write(context.source, "before", "before");
  context.wait(kSettle);
  REQUIRE_GOOD(context.source.files.start_capture({set_on(context, context.source)}));
  write(context.source, "after", "after");
  (void)carry_events(context);
  CHECK(read(context.target, "before") == "before");
  CHECK(read(context.target, "after") == "after");
}

void a_sink_that_fails_keeps_the_paths_for_the_next_round(const FilesContext& context) {
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  write(context.source, "kept", "kept");
  context.wait(kSettle);
  const auto broken = [](Bytes) -> Result<> { return fail(Code::unreachable, "the channel broke"); };
  CHECK(code_of(context.source.files.emit(context.set, RoundMode::events, source_of(""), broken)) == Code::unreachable);
  if (context.same_process) {
    CHECK(value_of(context.source.files.pending(context.set)).paths >= 1);
    (void)carry(context, RoundMode::events);
  } else {
    (void)carry(context, RoundMode::reconcile);
  }
  CHECK(read(context.target, "kept") == "kept");
  check_digests_equal(context);
}

void a_round_that_is_cut_short_is_not_applied(const FilesContext& context) {
  write(context.source, "a", std::string(20'000, 'a'));
  open_both(context);
  const auto manifest = manifest_of(context);
  std::string records;
  REQUIRE_GOOD(context.source.files.emit(context.set, RoundMode::reconcile, source_of(manifest), sink_into(records)));
  const auto before = value_of(context.target.files.digest(context.set));
  auto stream = value_of(context.target.files.apply(context.set));
  const auto all = std::as_bytes(std::span(records.data(), records.size()));
  (void)stream->write(all.subspan(0, all.size() - 1));
  CHECK_FALSE(stream->finish());
  stream.reset();
  CHECK(value_of(context.target.files.digest(context.set)) == before);
  // Begun and left: the same.
  stream = value_of(context.target.files.apply(context.set));
  (void)stream->write(all.subspan(0, all.size() / 2));
  stream.reset();
  CHECK(value_of(context.target.files.digest(context.set)) == before);
  (void)carry(context, RoundMode::reconcile);
  CHECK(read(context.target, "a") == std::string(20'000, 'a'));
}

void a_path_changed_on_both_sides_is_a_conflict(const FilesContext& context) {
  write(context.source, "both", "begin");
  write(context.target, "both", "begin");
  write(context.source, "free", "begin");
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  write(context.target, "both", "the update's");
  write(context.source, "both", "the client's");
  write(context.source, "free", "changed");
  const auto round = carry_events(context);
  CHECK(round.applied.conflicts == std::vector<std::string>{"both"});
  CHECK(read(context.target, "both") == "the update's");
  CHECK(read(context.target, "free") == "changed");
}

void rules_decide_conflicts(const FilesContext& context) {
  for (const char* name : {"mine", "yours"}) {
    write(context.source, name, "begin");
    write(context.target, name, "begin");
  }
  open_both(context, {{"mine", ConflictRule::keep_original, {}}, {"*", ConflictRule::keep_clone, {}}});
  (void)carry(context, RoundMode::reconcile);
  for (const char* name : {"mine", "yours"}) {
    write(context.target, name, "the update's");
    write(context.source, name, "the client's");
  }
  const auto round = carry_events(context);
  CHECK(round.applied.conflicts.empty());
  CHECK(round.applied.kept == std::vector<std::string>{"yours"});
  CHECK(read(context.target, "mine") == "the client's");
  CHECK(read(context.target, "yours") == "the update's");
  check_digests_equal(context);
}

void accepted_changes_are_not_the_targets_own(const FilesContext& context) {
  write(context.source, "note", "form 1");
  write(context.target, "note", "form 1");
  open_both(context);
  write(context.target, "note", "form 2, migrated");
  REQUIRE_GOOD(context.target.files.accept(context.set, {}));
  CHECK(carry(context, RoundMode::reconcile).applied.conflicts.empty());
  write(context.source, "note", "form 1, changed");
  const auto round = carry_events(context);
  CHECK(round.applied.conflicts.empty());
  CHECK(read(context.target, "note") == "form 1, changed");
  check_digests_equal(context);
  write(context.target, "note", "form 2, changed");
  REQUIRE_GOOD(context.target.files.accept(context.set, {"note"}));
  check_digests_equal(context);  // compared is what was carried, before migration
}

void excluded_paths_stay_where_they_are(const FilesContext& context) {
  write(context.source, "work.tmp", "here");
  write(context.target, "other.tmp", "there");
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  write(context.source, "more.tmp", "here");
  (void)carry_events(context);
  CHECK(read(context.target, "work.tmp") == "<none>");
  CHECK(read(context.target, "more.tmp") == "<none>");
  CHECK(read(context.target, "other.tmp") == "there");
  check_digests_equal(context);
}

void digests_are_equal_after_a_round_and_differ_by_a_byte(const FilesContext& context) {
  write(context.source, "a", "0123456789");
  write(context.source, "b", "b");
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  check_digests_equal(context);
  const auto before = value_of(context.source.files.digest(context.set));
  write(context.source, "a", "0123456780");
  context.wait(kSettle);
  CHECK(value_of(context.source.files.digest(context.set)) != before);
  CHECK(value_of(context.target.files.digest(context.set)) == before);
  (void)carry(context, RoundMode::scan);
  check_digests_equal(context);
  CHECK(value_of(context.target.files.digest(context.set)) != before);
}

void a_target_restored_from_its_manifest_remembers(const FilesContext& context) {
  write(context.source, "carried", "carried");
  write(context.source, "own", "begin");
  write(context.target, "own", "begin");
  open_both(context);
  (void)carry(context, RoundMode::reconcile);
  const auto digest = value_of(context.target.files.digest(context.set));
  const auto manifest = manifest_of(context);
  write(context.target, "own", "the update's");
  REQUIRE_GOOD(context.target.files.restore_target(set_on(context, context.target), source_of(manifest)));
  CHECK(value_of(context.target.files.digest(context.set)) == digest);
  write(context.source, "own", "the client's");
  CHECK(carry_events(context).applied.conflicts == std::vector<std::string>{"own"});
  CHECK_FALSE(context.target.files.restore_target(set_on(context, context.target),
                                                  source_of(manifest.substr(0, manifest.size() / 2))));
}

void a_target_that_is_opened_again_remembers(const FilesContext& context) {
  write(context.source, "a", "one");
  open_both(context);
  carry(context, RoundMode::reconcile);
  write(context.source, "b", "two");
  carry_events(context);
  REQUIRE_GOOD(context.target.files.open_target(set_on(context, context.target)));
  check_digests_equal(context);
  write(context.source, "b", "three");
  CHECK(carry_events(context).applied.conflicts.empty());
  check_digests_equal(context);
}

void a_target_that_is_closed_learns_anew(const FilesContext& context) {
  write(context.source, "a", "one");
  open_both(context);
  carry(context, RoundMode::reconcile);
  write(context.target, "later", "a client's");  // while this side served
  REQUIRE_GOOD(context.target.files.close_target(context.set));
  REQUIRE_GOOD(context.target.files.close_target(context.set));
  CHECK(code_of(context.target.files.digest(context.set)) == Code::not_found);
  REQUIRE_GOOD(context.target.files.open_target(set_on(context, context.target)));
  carry(context, RoundMode::reconcile);
  check_digests_equal(context);
  CHECK_FALSE(context.target.access.get(context.target.root + "/later", [](Bytes) -> Result<> { return {}; }));
}

void an_unknown_set_is_an_error(const FilesContext& context) {
  const auto nowhere = [](Bytes) -> Result<> { return {}; };
  CHECK_FALSE(context.source.files.emit("never-declared", RoundMode::events, source_of(""), nowhere));
  CHECK_FALSE(context.target.files.manifest("never-declared", nowhere));
  CHECK_FALSE(context.target.files.accept("never-declared", {}));
}

void a_freeze_stops_writers_until_the_thaw(const FilesContext& context) {
  open_both(context);
  (void)value_of(context.source.files.freeze({context.set}, Millis{20'000}));
  Command touch;
  touch.argv = {"touch", context.source.root + "/while-frozen"};
  if (!context.real) {
    touch.timeout = Millis{500};
    CHECK(code_of(context.source.access.run(touch)) == Code::timeout);
    CHECK(value_of(context.source.files.thaw()));
    CHECK(value_of(context.source.access.run(touch)).good());
    return;
  }
  auto writer = std::async(std::launch::async, [&] { return context.source.access.run(touch); });
  CHECK(writer.wait_for(Millis{400}) == std::future_status::timeout);
  const auto held = context.source.files.thaw();
  CHECK(value_of(writer.get()).good());
  CHECK(value_of(held));
}

void a_freeze_ends_with_its_lease_and_says_so(const FilesContext& context) {
  open_both(context);
  (void)value_of(context.source.files.freeze({context.set}, Millis{300}));
  context.wait(Millis{900});
  write(context.source, "after-the-lease", "written");
  CHECK_FALSE(value_of(context.source.files.thaw()));
}

void guest_files_contract(const MakeFiles& make_context) {
  const auto make = [&make_context](const char* name, void (*promise)(const FilesContext&)) {
    make_context(name, [promise](const FilesContext& context) {
      for (const auto* side : {&context.source, &context.target}) {
        must_run(side->access, {"rm", "-rf", side->root});
        must_run(side->access, {"mkdir", "-p", side->root});
      }
      promise(context);
    });
  };
  make("first", the_first_round_makes_the_sides_equal);
  make("kinds", rounds_carry_what_is_created_changed_renamed_and_deleted);
  make("pending", pending_counts_what_waits_and_a_round_takes_it);
  make("again", starting_capture_again_loses_nothing);
  make("sink", a_sink_that_fails_keeps_the_paths_for_the_next_round);
  make("short", a_round_that_is_cut_short_is_not_applied);
  make("conflict", a_path_changed_on_both_sides_is_a_conflict);
  make("rules", rules_decide_conflicts);
  make("accept", accepted_changes_are_not_the_targets_own);
  make("exclude", excluded_paths_stay_where_they_are);
  make("digest", digests_are_equal_after_a_round_and_differ_by_a_byte);
  make("restore", a_target_restored_from_its_manifest_remembers);
  make("reopen", a_target_that_is_opened_again_remembers);
  make("close", a_target_that_is_closed_learns_anew);
  make("unknown", an_unknown_set_is_an_error);
  make("freeze", a_freeze_stops_writers_until_the_thaw);
  make("lease", a_freeze_ends_with_its_lease_and_says_so);
}

}  // namespace moult::contract
