#include "orchestrator/run_state.hpp"

#include <algorithm>
#include <array>

namespace moult {
namespace {

using S = RunState;
using E = RunEvent;

// clang-format off
constexpr std::array kTransitions{
    Transition{S::planned,      E::clone,     S::cloning},
    Transition{S::planned,      E::abort,     S::aborted},
    Transition{S::cloning,      E::upgrade,   S::upgrading},
    Transition{S::cloning,      E::abort,     S::aborted},
    Transition{S::upgrading,    E::converge,  S::converging},
    Transition{S::upgrading,    E::abort,     S::aborted},
    Transition{S::upgrading,    E::restart,   S::cloning},
    Transition{S::converging,   E::settle,    S::ready},
    Transition{S::converging,   E::abort,     S::aborted},
    Transition{S::converging,   E::restart,   S::cloning},
    Transition{S::ready,        E::cutover,   S::cutting_over},
    Transition{S::ready,        E::abort,     S::aborted},
    Transition{S::ready,        E::restart,   S::cloning},
    Transition{S::cutting_over, E::give_up,   S::ready},
    Transition{S::cutting_over, E::commit,    S::confirming},
    Transition{S::confirming,   E::finish,    S::finished},
    Transition{S::confirming,   E::roll_back, S::rolled_back},
};

constexpr std::array<std::pair<S, std::string_view>, 10> kStates{{
    {S::planned, "planned"},           {S::cloning, "cloning"},       {S::upgrading, "upgrading"},
    {S::converging, "converging"},     {S::ready, "ready"},           {S::cutting_over, "cutting-over"},
    {S::confirming, "confirming"},     {S::finished, "finished"},     {S::rolled_back, "rolled-back"},
    {S::aborted, "aborted"},
}};

constexpr std::array<std::pair<E, std::string_view>, 11> kEvents{{
    {E::clone, "clone"},     {E::upgrade, "upgrade"}, {E::converge, "converge"}, {E::settle, "settle"},
    {E::cutover, "cutover"}, {E::give_up, "give-up"}, {E::commit, "commit"},     {E::finish, "finish"},
    {E::roll_back, "rollback"}, {E::abort, "abort"},       {E::restart, "restart"},
}};
// clang-format on

}  // namespace

std::span<const Transition> transitions() { return kTransitions; }

std::optional<RunState> next_state(RunState from, RunEvent event) {
  for (const auto& row : kTransitions)
    if (row.from == from && row.event == event) return row.to;
  return std::nullopt;
}

std::string_view name_of(RunState state) { return kStates.at(static_cast<std::size_t>(state)).second; }

std::string_view name_of(RunEvent event) { return kEvents.at(static_cast<std::size_t>(event)).second; }

std::optional<RunState> run_state_of(std::string_view name) {
  const auto row =
      std::find_if(kStates.begin(), kStates.end(), [name](const auto& pair) { return pair.second == name; });
  if (row == kStates.end()) return std::nullopt;
  return row->first;
}

bool is_over(RunState state) {
  return state == RunState::finished || state == RunState::rolled_back || state == RunState::aborted;
}

}  // namespace moult
