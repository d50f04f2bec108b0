#include "orchestrator/store/records.hpp"

#include <array>
#include <utility>

namespace moult {
namespace {

constexpr std::array<std::pair<StepOutcome, std::string_view>, 4> kOutcomes{{
    {StepOutcome::done, "done"},
    {StepOutcome::failed, "failed"},
    {StepOutcome::undone, "undone"},
    {StepOutcome::unknown, "unknown"},
}};

}  // namespace

std::string_view name_of(StepOutcome outcome) {
  for (const auto& [value, name] : kOutcomes)
    if (value == outcome) return name;
  return "unknown";
}

Result<StepOutcome> step_outcome_of(std::string_view name) {
  for (const auto& [value, known] : kOutcomes)
    if (known == name) return value;
  return fail(Code::invalid, "no step ends as \"" + std::string(name) + "\"");
}

}  // namespace moult
