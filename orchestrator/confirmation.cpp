#include "orchestrator/confirmation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/requests.hpp"
#include "orchestrator/serving.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

constexpr const char* kDeadline = "confirm.deadline";
constexpr const char* kGivenUp = "given up";  ///< instead of a deadline
constexpr const char* kConfirmed = "confirmed";
constexpr Millis kPause{200};  ///< between looks for a word

std::string to_text(const Moment& deadline) {
  const auto utc = std::chrono::duration_cast<Millis>(deadline.utc.time_since_epoch()).count();
  return nlohmann::json{{"era", deadline.era}, {"steady_ns", deadline.steady.count()}, {"utc_ms", utc}}.dump();
}

Result<Moment> deadline_of(const std::string& text) {
  try {
    const auto tree = nlohmann::json::parse(text);
    return Moment{tree.at("era").get<std::string>(), Clock::Steady{tree.at("steady_ns").get<std::int64_t>()},
                  std::chrono::system_clock::time_point{Millis{tree.at("utc_ms").get<std::int64_t>()}}};
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::invalid, std::string("the journal's time for the confirmation cannot be read: ") + error.what(),
                "`moult confirm`, `moult rollback` and `moult finish` still end the run.");
  }
}

Moment now(RunContext& run) {
  const auto& clock = run.platform().clock();
  return {clock.era(), clock.steady(), clock.utc()};
}

Result<std::string> value_of(Journal& journal, const std::string& run, const char* key) {
  auto value = journal.value(run, key);
  if (!value && value.error().code == Code::not_found) return std::string();
  return value;
}

/// The text of a deadline that still counts.
Result<std::string> open_deadline(Journal& journal, const std::string& run) {
  MOULT_ASSIGN(const bool confirmed, is_confirmed(journal, run));
  if (confirmed) return std::string();
  MOULT_ASSIGN(const auto deadline, value_of(journal, run, kDeadline));
  return deadline == kGivenUp ? std::string() : deadline;
}

std::optional<Ending> ending_of(Request request) {
  switch (request) {
    case Request::confirm:
      return Ending::confirmed;
    case Request::rollback:
      return Ending::roll_back;
    case Request::rollback_one_way:
      return Ending::roll_back_one_way;
    case Request::finish:
      return Ending::finish;
    default:
      return std::nullopt;
  }
}

Error nobody_waits(const RunContext& run) {
  return {Code::interrupted,
          "stopped on request: the clone serves, and nobody waits for the confirmation of run " + run.id(),
          "`moult resume " + run.id() + "` waits on, and rolls back when the time is over; `moult confirm " + run.id() +
              "` keeps the clone, `moult rollback " + run.id() + "` goes back now.",
          {},
          Disposition::fail};
}

}  // namespace

Millis time_left(const Moment& deadline, const Moment& now) {
  const auto left = now.era == deadline.era ? std::chrono::ceil<Millis>(deadline.steady - now.steady)
                                            : std::chrono::ceil<Millis>(deadline.utc - now.utc);
  return std::max(left, Millis{0});
}

Result<> begin_confirm_time(RunContext& run) {
  if (!run.work.options.confirm_within) return {};
  MOULT_ASSIGN(const auto begun, journal_value(run, kDeadline));
  if (!begun.empty()) return {};
  auto deadline = now(run);
  deadline.steady += *run.work.options.confirm_within;
  deadline.utc += *run.work.options.confirm_within;
  return run.world.store.journal().put_value(run.id(), kDeadline, to_text(deadline));
}

Result<std::optional<Millis>> confirm_time_left(RunContext& run) {
  MOULT_ASSIGN(const auto text, open_deadline(run.world.store.journal(), run.id()));
  if (text.empty()) return std::nullopt;
  MOULT_ASSIGN(const auto deadline, deadline_of(text));
  return time_left(deadline, now(run));
}

Result<std::string> confirm_deadline(Journal& journal, const std::string& run) {
  MOULT_ASSIGN(const auto text, open_deadline(journal, run));
  if (text.empty()) return text;
  return deadline_of(text).map([](const Moment& deadline) { return utc_text(deadline.utc); });
}

Result<> end_confirm_time(RunContext& run) {
  MOULT_ASSIGN(const auto begun, journal_value(run, kDeadline));
  if (begun.empty() || begun == kGivenUp) return {};
  MOULT_TRY(run.world.store.journal().put_value(run.id(), kDeadline, kGivenUp));
  return run.ledger.record("confirm.given_up", "{}");
}

Result<> confirm(RunContext& run) {
  MOULT_ASSIGN(const bool confirmed, is_confirmed(run.world.store.journal(), run.id()));
  if (confirmed) return {};
  return run.world.store.atomically([&run]() -> Result<> {
    MOULT_TRY(run.world.store.journal().put_value(run.id(), kConfirmed, run.ledger.stamp().utc));
    return run.ledger.record("run.confirmed", nlohmann::json{{"by", run.work.actor}}.dump());
  });
}

Result<bool> is_confirmed(Journal& journal, const std::string& run) {
  return value_of(journal, run, kConfirmed).map([](const std::string& since) { return !since.empty(); });
}

Result<Ending> await_confirmation(RunContext& run) {
  MOULT_ASSIGN(const auto until, confirm_deadline(run.world.store.journal(), run.id()));
  run.world.observer.note("the clone serves; waiting for `moult confirm " + run.id() + "` until " + until +
                          ", then going back (`moult rollback " + run.id() + "` does so now)");
  for (;;) {
    MOULT_ASSIGN(const auto asked, take_request(run.world.store, run.id()));
    if (const auto ending = ending_of(asked)) return *ending;
    MOULT_ASSIGN(const auto left, confirm_time_left(run));
    if (!left) return Ending::confirmed;
    if (run.world.interrupt.asked()) return Unexpected(nobody_waits(run));
    if (*left == Millis{0}) return Ending::timed_out;
    run.platform().clock().sleep(std::min(kPause, *left));
  }
}

}  // namespace moult
