#include "orchestrator/cli/ask_holder.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "orchestrator/cli/launch.hpp"
#include "orchestrator/confirmation.hpp"
#include "orchestrator/run_state.hpp"
#include "orchestrator/store/run_lock.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {
namespace {

constexpr Millis kPoll{200};

/// A rollback that does not come about is no answer to who wants to keep the clone.
bool concerns(const AuditRow& row, Request request) {
  const bool keeps = request == Request::confirm || request == Request::finish;
  return !keeps || row.event != "rollback.refused";
}

/// How a row ends the wait for what was asked; null: it does not.
const char* outcome_of(const AuditRow& row, const nlohmann::json& facts) {
  if (row.event == "cutover.refused") return "the run goes on waiting";
  if (row.event == "cutover.stuck") return "neither side serves";
  if (row.event == "entry.check.failed") return "the check through the entry failed after the switch";
  if (row.event == "run.failed") return "the run failed, the original serves";
  if (row.event == "rollback.refused") return "not rolled back";
  if (row.event == "finish.failed") return "not finished";
  const bool given_up = row.event == "run.state" && facts.value("from", "") == name_of(RunState::cutting_over) &&
                        facts.value("to", "") == name_of(RunState::ready);
  return given_up ? "the cutover was given up, the original serves" : nullptr;
}

/// The state that a request asks for.
RunState goal_of(Request request) {
  switch (request) {
    case Request::abort:
      return RunState::aborted;
    case Request::rollback:
    case Request::rollback_one_way:
      return RunState::rolled_back;
    case Request::finish:
    case Request::confirm:  // with RunOptions::finish; else it is in the journal
      return RunState::finished;
    default:
      return RunState::confirming;
  }
}

Unexpected too_late_to_abort(const std::string& run, const std::string& state) {
  return fail(Code::refused, "run " + run + " is " + state + ": it had cut over before it could be aborted",
              "`moult rollback " + run + "` goes back, with every write.");
}

/// Nobody must do later what nobody waits for any more.
void withdraw(const Cli& cli, const std::string& run) {
  auto store = open_store(state_dir_of(cli));
  if (store) (void)take_request(**store, run);
}

/// The clone serves, and was asked whether it does.
Result<bool> is_checked(AuditLog& log, const std::string& run, std::int64_t since) {
  bool checked = false;
  MOULT_TRY(log.read(since + 1, [&](const AuditRow& row) -> Result<> {
    if (row.run == run && (row.event == "entry.check.good" || row.event == "entry.check.none")) checked = true;
    return {};
  }));
  return checked;
}

Result<> await_effect(const Cli& cli, const std::string& run, const std::string& appliance, Request request,
                      std::int64_t since) {
  for (;;) {
    MOULT_TRY(cli.interrupt.check());
    MOULT_ASSIGN(const bool held, is_held(cli, appliance));  // before the look: what was done last is seen by it
    MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
    MOULT_ASSIGN(const bool done, has_taken_effect(*store, run, request, since));
    if (done) {
      MOULT_ASSIGN(const auto record, store->journal().run(run));
      std::printf("run %s is %s\n", run.c_str(), record.state.c_str());
      return {};
    }
    if (!held)
      return fail(Code::failed, "the moult that worked on run " + run + " is gone", "See `moult status " + run + "`.");
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

Result<bool> is_held(const Cli& cli, const std::string& appliance) {
  MOULT_ASSIGN(const auto holder, lock_holder(state_dir_of(cli), appliance));
  return holder.has_value();
}

Result<> refuse_given_up(AuditLog& log, const std::string& run, std::int64_t since, Request request) {
  return log.read(since + 1, [&run, request](const AuditRow& row) -> Result<> {
    if (row.run != run || !concerns(row, request)) return {};
    const auto facts = nlohmann::json::parse(row.facts);
    const char* outcome = outcome_of(row, facts);
    if (outcome == nullptr) return {};
    return fail(code_of(facts.value("code", "")).value_or(Code::failed),
                outcome + (": " + facts.value("error", "no reason was recorded")), facts.value("remedy", ""));
  });
}

Result<bool> has_taken_effect(Store& store, const std::string& run, Request request, std::int64_t since) {
  MOULT_ASSIGN(const auto record, store.journal().run(run));
  if (request != Request::abort) MOULT_TRY(refuse_given_up(store.audit(), run, since, request));
  const auto state = run_state_of(record.state);
  if (state == goal_of(request)) return request == Request::cutover ? is_checked(store.audit(), run, since) : true;
  if (request == Request::cutover && state == RunState::finished) return true;
  if (request == Request::confirm && state == RunState::confirming) return is_confirmed(store.journal(), run);
  if (request == Request::abort && state == RunState::confirming) return too_late_to_abort(run, record.state);
  if (!state || !is_over(*state)) return false;
  return fail(Code::refused, "run " + run + " is " + record.state + " by now", "See `moult audit show " + run + "`.");
}

Result<> ask_holder(Cli& cli, const std::string& run, const std::string& appliance, Request request) {
  std::int64_t since = 0;
  {
    MOULT_ASSIGN(auto store, open_store(state_dir_of(cli)));
    MOULT_ASSIGN(const auto tip, store->audit().tip());
    since = tip.issued;
    MOULT_TRY(put_request(store->journal(), run, request));
  }
  auto done = await_effect(cli, run, appliance, request, since);
  if (!done) withdraw(cli, run);
  return done;
}

}  // namespace moult
