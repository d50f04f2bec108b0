#include "migration/hooks_check.hpp"

#include <algorithm>
#include <filesystem>

namespace moult {
namespace {

constexpr Millis kKills[] = {Millis{2}, Millis{8}, Millis{20}, Millis{60}, Millis{150}};
constexpr std::uint64_t kNever = 1;  ///< a moment that no `capture` or `round` was given

Unexpected bad(std::string why) { return fail(Code::mismatch, std::move(why)); }

class Check {
 public:
  Check(const HookSet& set, GuestAccess& guest, const HookCheck& check, Clock& clock)
      : set_(set), guest_(guest), check_(check), clock_(clock), side_(set, guest) {}
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  ~Check() {
    std::error_code ignored;
    for (const auto& file : files_) std::filesystem::remove(file, ignored);
  }

  Result<std::vector<HookRow>> all() {
    seen("capture starts, and starts again without forgetting a moment", &Check::capture);
    seen("verify prints one line, the same one twice", &Check::digest);
    seen("a round without a change prints nothing", &Check::quiet);
    seen("a moment that is not known ends with 3", &Check::unknown);
    seen("a whole round prints all; its replay changes nothing where nothing changed", &Check::whole);
    written("a write changes the digest", &Check::change);
    written("a round prints what was written, and again when asked again", &Check::round);
    written("a whole replay takes away what is not in it", &Check::undo);
    written("replay brings what was written, and nothing more the second time", &Check::replay);
    written("a replay that was killed is made good by the next", &Check::killed);
    written("while writers are stopped no write comes through; rounds and digests do", &Check::stopped);
    written("resume lets writers go on, also twice", &Check::resumed);
    if (check_.short_lease > Millis{0}) written("writers go on by themselves when the lease is over", &Check::lease);
    if (check_.write.empty()) seen("quiesce and resume end in time, also twice", &Check::fence);
    seen("end ends well, also twice", &Check::end);
    if (lost_) return Unexpected(std::move(*lost_));
    return std::move(rows_);
  }

 private:
  void seen(std::string name, Result<> (Check::*job)()) {
    if (lost_) return;
    auto done = (this->*job)();
    side_ = HookSide(set_, guest_);
    if (!done && done.error().code == Code::unreachable) lost_ = done.error();
    rows_.push_back({std::move(name), done ? HookRow::Verdict::good : HookRow::Verdict::bad,
                     done ? std::string() : done.error().message});
  }
  void written(std::string name, Result<> (Check::*job)()) {
    if (!check_.write.empty()) return seen(std::move(name), job);
    rows_.push_back({std::move(name), HookRow::Verdict::unchecked, "name a command that changes the data: --write"});
  }

  std::uint64_t next() { return ++number_; }
  HookRound changes() { return {next(), since_, false}; }
  HookRound everything() { return {next(), 0, true}; }

  /// All that one question brings, in as many parts as the vendor likes; large ones are kept apart.
  Result<std::vector<std::pair<HookRound, HookStream>>> ask(HookRound round) {
    std::vector<std::pair<HookRound, HookStream>> parts;
    for (auto answer = HookAnswer::more; answer == HookAnswer::more;) {
      files_.push_back(check_.file + "." + std::to_string(round.number));
      MOULT_ASSIGN(auto stream, side_.round(round, files_.back(), false));
      answer = stream.answer;
      if (answer == HookAnswer::unknown) return bad("round ended with 3 for a moment that it had been given");
      parts.emplace_back(round, std::move(stream));
      round = {next(), round.number, false};
    }
    return parts;
  }
  static std::uint64_t size_of(const std::vector<std::pair<HookRound, HookStream>>& parts) {
    std::uint64_t size = 0;
    for (const auto& [round, stream] : parts) size += stream.size;
    return size;
  }
  Result<> give(const std::vector<std::pair<HookRound, HookStream>>& parts) {
    for (const auto& [round, stream] : parts) MOULT_TRY(side_.replay(round, stream));
    return {};
  }
  Result<> expect_digest(const std::string& wanted, const std::string& after) {
    MOULT_ASSIGN(const auto digest, side_.verify());
    if (digest == wanted) return {};
    return bad("after " + after + " the digest is " + digest + " where " + wanted + " was expected");
  }
  Result<bool> write(Millis patience) {
    Command command;
    command.argv = check_.write;
    command.env["MOULT_WRITE"] = std::to_string(++writes_);
    command.timeout = patience;
    const auto begun = clock_.steady();
    auto outcome = guest_.run(command);
    if (outcome && outcome->good())
      longest_ = std::max(longest_, std::chrono::duration_cast<Millis>(clock_.steady() - begun));
    if (!outcome && outcome.error().code == Code::timeout) return false;
    if (!outcome) return pass(std::move(outcome), "the command of --write");
    return outcome->good();
  }
  Result<> must_write() {
    MOULT_ASSIGN(const bool done, write(set_.timeout));
    return done ? Result<>{} : bad("the command of --write failed, or did not end in time");
  }

  Result<> capture() {
    since_ = next();
    MOULT_TRY(side_.capture(since_));
    MOULT_TRY(side_.capture(next()));
    return ask(changes()).map([](const auto&) {});
  }
  Result<> digest() {
    MOULT_ASSIGN(before_, side_.verify());
    return expect_digest(before_, "nothing");
  }
  Result<> quiet() {
    MOULT_ASSIGN(const auto parts, ask(changes()));
    if (size_of(parts) == 0) return {};
    return bad("it printed " + std::to_string(size_of(parts)) +
               " bytes; where the application itself writes all the time, that is no defect");
  }
  Result<> unknown() {
    MOULT_ASSIGN(const auto stream, side_.round({next(), kNever, false}, check_.file, false));
    if (stream.answer == HookAnswer::unknown) return {};
    return bad(
        "it ended well for a moment that it was never given: after a gap in what it notices, changes would be lost");
  }
  Result<> whole() {
    auto round = everything();
    MOULT_ASSIGN(whole_, ask(round));
    since_ = whole_.back().first.number;
    MOULT_TRY(give(whole_));
    MOULT_TRY(expect_digest(before_, "the replay of all"));
    MOULT_TRY(give(whole_));
    return expect_digest(before_, "the second replay of all");
  }
  Result<> change() {
    MOULT_TRY(must_write());
    MOULT_ASSIGN(after_, side_.verify());
    return after_ != before_ ? Result<>{}
                             : bad("it is the same as before: verify does not see it, or nothing was written");
  }
  Result<> round() {
    MOULT_ASSIGN(change_, ask(changes()));
    if (size_of(change_) == 0) return bad("it printed nothing");
    MOULT_ASSIGN(const auto again, ask(changes()));
    return size_of(again) > 0 ? Result<>{}
                              : bad("the second time it printed nothing: what was lost on its way stays lost");
  }
  Result<> undo() {
    MOULT_TRY(give(whole_));
    return expect_digest(before_, "a write and the replay of all that was before it");
  }
  Result<> replay() {
    MOULT_TRY(give(change_));
    MOULT_TRY(expect_digest(after_, "the replay of what was written"));
    MOULT_TRY(give(change_));
    return expect_digest(after_, "its second replay");
  }
  Result<> killed() {
    for (const auto kill : kKills) {
      MOULT_TRY(give(whole_));
      side_.set_most(kill);
      (void)give(change_);  // however far it comes
      side_ = HookSide(set_, guest_);
      MOULT_TRY(give(change_));
      MOULT_TRY(expect_digest(after_, "a replay killed after " + std::to_string(kill.count()) + " ms, and the next"));
    }
    return {};
  }
  Result<> stopped() {
    MOULT_ASSIGN(const auto digest, side_.verify());
    fence_ = next();
    MOULT_TRY(side_.quiesce(fence_, check_.lease));
    // On a slow machine every write takes its time: it is seen to be stopped when it takes several times as long.
    MOULT_ASSIGN(const bool through, write(std::min(std::max(check_.blocked, 4 * longest_), check_.lease / 2)));
    if (through) return bad("a write ended well while writers are stopped");
    MOULT_TRY(expect_digest(digest, "a write that must not come through"));
    return ask(changes()).map([](const auto&) {});
  }
  Result<> resumed() {
    MOULT_ASSIGN(const bool held, side_.resume(fence_));
    if (!held) return bad("the fence had ended by itself: checks under it took longer than its lease");
    MOULT_TRY(side_.resume(fence_).map([](bool) {}));
    return must_write();
  }
  Result<> lease() {
    fence_ = next();
    MOULT_TRY(side_.quiesce(fence_, check_.short_lease));
    clock_.sleep(check_.short_lease + check_.short_lease / 2);
    MOULT_TRY(must_write());
    MOULT_ASSIGN(const bool held, side_.resume(fence_));
    return held ? bad("the fence counts as held although its lease was over") : Result<>{};
  }
  Result<> fence() {
    fence_ = next();
    MOULT_TRY(side_.quiesce(fence_, check_.lease));
    MOULT_TRY(side_.quiesce(fence_, check_.lease));
    MOULT_TRY(side_.resume(fence_).map([](bool) {}));
    return side_.resume(fence_).map([](bool) {});
  }
  Result<> end() {
    MOULT_TRY(side_.end());
    return side_.end();
  }

  const HookSet& set_;
  GuestAccess& guest_;
  const HookCheck& check_;
  Clock& clock_;
  HookSide side_;
  std::vector<HookRow> rows_;
  std::vector<std::string> files_;
  std::optional<Error> lost_;
  std::vector<std::pair<HookRound, HookStream>> whole_, change_;
  std::string before_, after_;
  Millis longest_{0};  ///< of the writes that came through
  std::uint64_t number_ = 1000, since_ = 0, fence_ = 0;
  int writes_ = 0;
};

/// What a person reads of the way back: the row of a promise that was held to forward too, under a name of its own.
Result<std::vector<HookRow>> check_back(const HookSet& set, GuestAccess& guest, HookCheck check, Clock& clock) {
  check.short_lease = Millis{0};
  MOULT_ASSIGN(auto rows, Check(set, guest, check, clock).all());
  for (auto& row : rows) row.check.insert(0, "way back: ");
  return rows;
}

}  // namespace

Result<std::vector<HookRow>> check_hooks(const HookWays& ways, GuestAccess& guest, const HookCheck& check,
                                         Clock& clock) {
  MOULT_ASSIGN(auto rows, Check(ways.forward, guest, check, clock).all());
  std::vector<HookRow> back{{"way back", HookRow::Verdict::unchecked,
                             "the set has none (`reverse: none`): a rollback loses what is written after the cutover"}};
  if (ways.back) {
    MOULT_ASSIGN(back, check_back(*ways.back, guest, check, clock));
  }
  rows.insert(rows.end(), back.begin(), back.end());
  return rows;
}

}  // namespace moult
