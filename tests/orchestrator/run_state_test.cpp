#include "orchestrator/run_state.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using namespace moult;

TEST_CASE("persisted names of states are frozen", "[state]") {
  const std::vector<std::pair<RunState, std::string>> frozen{
      {RunState::planned, "planned"},       {RunState::cloning, "cloning"},   {RunState::upgrading, "upgrading"},
      {RunState::converging, "converging"}, {RunState::ready, "ready"},       {RunState::cutting_over, "cutting-over"},
      {RunState::confirming, "confirming"}, {RunState::finished, "finished"}, {RunState::rolled_back, "rolled-back"},
      {RunState::aborted, "aborted"}};
  for (const auto& [state, name] : frozen) {
    CHECK(name_of(state) == name);
    CHECK(run_state_of(name) == state);
  }
  CHECK_FALSE(run_state_of("cutting_over"));
}

TEST_CASE("every state but the ends has a way out, and the ends have none", "[state]") {
  std::set<RunState> left;
  for (const auto& row : transitions()) left.insert(row.from);
  for (int i = 0; i <= static_cast<int>(RunState::aborted); ++i) {
    const auto state = static_cast<RunState>(i);
    CHECK(left.contains(state) == !is_over(state));
  }
}

TEST_CASE("a run is aborted in every state before the commit, and in none after", "[state]") {
  for (const auto state :
       {RunState::planned, RunState::cloning, RunState::upgrading, RunState::converging, RunState::ready})
    CHECK(next_state(state, RunEvent::abort) == RunState::aborted);
  for (const auto state :
       {RunState::cutting_over, RunState::confirming, RunState::finished, RunState::rolled_back, RunState::aborted})
    CHECK_FALSE(next_state(state, RunEvent::abort));
}

TEST_CASE("a cutover that is given up leads back to ready", "[state]") {
  CHECK(next_state(RunState::cutting_over, RunEvent::give_up) == RunState::ready);
  CHECK(next_state(RunState::cutting_over, RunEvent::commit) == RunState::confirming);
}

TEST_CASE("the clone may be made anew before the cutover, and not after", "[state]") {
  for (const auto state : {RunState::upgrading, RunState::converging, RunState::ready})
    CHECK(next_state(state, RunEvent::restart) == RunState::cloning);
  for (const auto state : {RunState::cutting_over, RunState::confirming, RunState::aborted})
    CHECK_FALSE(next_state(state, RunEvent::restart));
}
