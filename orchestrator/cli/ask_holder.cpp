#include "orchestrator/cli/ask_holder.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "orchestrator/cli/launch.hpp"
#include "orchestrator/run_state.hpp"
#include "orchestrator/store/run_lock.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {
namespace {

constexpr Millis kPoll{200};

/// True once the request has taken the run out of `ready`.
Result<bool> has_taken_effect(Store& store, const std::string& run, Request request, std::int64_t since) {
  MOULT_ASSIGN(const auto record, store.journal().run(run));
  if (request == Request::cutover) MOULT_TRY(refuse_given_up(store.audit(), run, since));
  const auto state = run_state_of(record.state);
  if (!state || (!is_over(*state) && *state != RunState::confirming)) return false;
  std::printf("run %s is %s\n", run.c_str(), record.state.c_str());
  return true;
}

Result<> await_effect(const Cli& cli, const std::string& run, const std::string& appliance, Request request,
                      std::int64_t since) {
  for (;;) {
    MOULT_TRY(cli.interrupt.check());
    MOULT_ASSIGN(const bool held, is_held(cli, appliance));  // before the look: what was done last is seen by it
    MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
    MOULT_ASSIGN(const bool done, has_taken_effect(*store, run, request, since));
    if (done) return {};
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

Result<> refuse_given_up(AuditLog& log, const std::string& run, std::int64_t since) {
  return log.read(since + 1, [&run](const AuditRow& row) -> Result<> {
    if (row.run != run) return {};
    const auto facts = nlohmann::json::parse(row.facts);
    const bool given_up = row.event == "run.state" && facts.value("from", "") == name_of(RunState::cutting_over) &&
                          facts.value("to", "") == name_of(RunState::ready);
    if (!given_up && row.event != "run.failed") return {};
    return fail(code_of(facts.value("code", "")).value_or(Code::failed),
                "the cutover was given up, the original serves: " + facts.value("error", "no reason was recorded"),
                facts.value("remedy", ""));
  });
}

Result<> ask_holder(Cli& cli, const std::string& run, const std::string& appliance, Request request) {
  std::int64_t since = 0;
  {
    MOULT_ASSIGN(auto store, open_store(state_dir_of(cli)));
    MOULT_ASSIGN(const auto tip, store->audit().tip());
    since = tip.issued;
    MOULT_TRY(put_request(store->journal(), run, request));
  }
  return await_effect(cli, run, appliance, request, since);
}

}  // namespace moult
