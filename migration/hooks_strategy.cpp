#include "migration/hooks_strategy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace moult {
namespace {

constexpr int kParts = 16;          ///< of an ordinary round: the source may write faster than this carries
constexpr int kLastParts = 100000;  ///< of the last one: nobody writes, so it ends

}  // namespace

Result<> HooksStrategy::carried_until(std::uint64_t number) {
  const auto fresh = position_file() + ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << number << "\n";
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(fresh, position_file(), error);
  if (!file || error) return fail(Code::io, "cannot write " + position_file(), "Free space in the state directory.");
  since_ = number;
  return {};
}

/// What an earlier process had carried.
void HooksStrategy::recall() {
  std::ifstream file(position_file());
  std::uint64_t number = 0;
  if (!since_ && file >> number) since_ = number;
  if (since_) number_ = std::max(number_, *since_);
}

/// The next round is whole, also that of a later process.
void HooksStrategy::forget_moment() {
  since_.reset();
  std::error_code ignored;
  std::filesystem::remove(position_file(), ignored);
}

Result<> HooksStrategy::start_capture() {
  if (setup_.one_way) return {};
  MOULT_ASSIGN(auto source, side(setup_.source));
  const auto number = next_number();
  MOULT_TRY(source.capture(number));
  return carried_until(number);
}

/// `capture` of a set that is captured without a gap forgets no moment; after a gap, `round` says that it knows none.
Result<bool> HooksStrategy::keep_capture() {
  recall();
  MOULT_ASSIGN(auto source, side(setup_.source));
  MOULT_TRY(source.capture(next_number()));
  return false;
}

Result<> HooksStrategy::take_up() {
  recall();
  return {};
}

/// Asks and replays once. The moment moves on only when the target has it.
Result<HookAnswer> HooksStrategy::carry_part(HookSide& source, HookSide& target, RoundReport& report) {
  const HookRound asked{next_number(), since_.value_or(0), !since_};
  const auto file = setup_.spool + ".stream";
  MOULT_ASSIGN(const auto stream, source.round(asked, file, is_fenced()));
  if (stream.answer == HookAnswer::unknown) {
    if (asked.whole)
      return fail(Code::failed,
                  "data set " + name() + ": hook round does not know all that the set holds (it ended with 3)",
                  "Where MOULT_WHOLE is yes, `round` prints everything.");
    since_.reset();
    report.scan_reason = "the source does not know what changed since the last round";
    return stream.answer;
  }
  report.scanned = report.scanned || asked.whole;
  if (asked.whole && report.scan_reason.empty()) report.scan_reason = "what was carried is not known";
  auto replayed = stream.size > 0 || asked.whole ? target.replay(asked, stream) : Result<>{};
  std::error_code ignored;
  if (!stream.file.empty()) std::filesystem::remove(file, ignored);
  MOULT_TRY(std::move(replayed));
  MOULT_TRY(carried_until(asked.number));
  if (stream.size > 0) ++report.paths;
  report.bytes += stream.size;
  return stream.answer;
}

Result<RoundReport> HooksStrategy::carry(int most_parts) {
  recall();
  MOULT_ASSIGN(auto source, side(setup_.source));
  MOULT_ASSIGN(auto target, side(setup_.target));
  const auto begin = clock_.steady();
  RoundReport report;
  auto answer = HookAnswer::more;
  for (int part = 0; answer != HookAnswer::all && part < most_parts; ++part) {
    MOULT_ASSIGN(answer, carry_part(source, target, report));
  }
  last_ = {report.bytes > 0 ? 1U : 0U, report.bytes, answer != HookAnswer::all};
  report.number = ++rounds_;
  report.took = std::chrono::duration_cast<Millis>(clock_.steady() - begin);
  return report;
}

Result<RoundReport> HooksStrategy::round() { return carry(kParts); }

Result<RoundReport> HooksStrategy::thorough_round() {
  if (setup_.set.back) forget_moment();
  return round();
}

Result<RoundReport> HooksStrategy::last_round() {
  auto report = carry(kLastParts);
  if (report && last_.overflow)
    return fail(Code::failed, "data set " + name() + ": hook round has more to come, however often it is asked",
                "Under the fence `round` must come to an end; see `quiesce`.");
  return report;
}

}  // namespace moult
