#include "descriptors/level.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "descriptors/base/text.hpp"
#include "descriptors/level/constraint.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult {
namespace {

constexpr std::size_t kLongestLevel = 255;

const level::SchemeRules& rules_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::semver:
      return level::kSemver;
    case Scheme::deb:
      return level::kDeb;
    case Scheme::rpm:
      return level::kRpm;
    case Scheme::numeric:
      return level::kNumeric;
    case Scheme::date:
      return level::kDate;
    case Scheme::pep440:
      return level::kPep440;
  }
  return level::kSemver;
}

bool holds(level::Operator op, std::weak_ordering order) {
  switch (op) {
    case level::Operator::equal:
      return std::is_eq(order);
    case level::Operator::not_equal:
      return std::is_neq(order);
    case level::Operator::less:
      return std::is_lt(order);
    case level::Operator::less_equal:
      return std::is_lteq(order);
    case level::Operator::greater:
      return std::is_gt(order);
    case level::Operator::greater_equal:
      return std::is_gteq(order);
  }
  return false;
}

Result<level::Constraint> read_checked(Scheme scheme, std::string_view text) {
  MOULT_ASSIGN(auto constraint, level::read_constraint(text));
  for (const auto& alternative : constraint)
    for (const auto& comparison : alternative) MOULT_TRY(check_level(scheme, comparison.level));
  return constraint;
}

}  // namespace

Result<> check_level(Scheme scheme, std::string_view level) {
  const auto& rules = rules_of(scheme);
  if (level.size() <= kLongestLevel && rules.readable(level)) return {};
  return fail(Code::invalid, in_quotes(level) + " is no level of the scheme " + std::string(rules.name) +
                                 ", which reads " + std::string(rules.expects));
}

Result<std::weak_ordering> compare_levels(Scheme scheme, std::string_view left, std::string_view right) {
  MOULT_TRY(check_level(scheme, left));
  MOULT_TRY(check_level(scheme, right));
  return rules_of(scheme).order(left, right);
}

Result<> check_constraint(Scheme scheme, std::string_view constraint) {
  MOULT_TRY(read_checked(scheme, constraint));
  return {};
}

Result<bool> satisfies(Scheme scheme, std::string_view level, std::string_view constraint) {
  MOULT_TRY(check_level(scheme, level));
  MOULT_ASSIGN(const auto alternatives, read_checked(scheme, constraint));
  const auto& rules = rules_of(scheme);
  const auto all_hold = [&](const std::vector<level::Comparison>& alternative) {
    return std::all_of(alternative.begin(), alternative.end(), [&](const level::Comparison& comparison) {
      return holds(comparison.op, rules.order(level, comparison.level));
    });
  };
  return alternatives.empty() || std::any_of(alternatives.begin(), alternatives.end(), all_hold);
}

std::string_view name_of(Scheme scheme) { return rules_of(scheme).name; }

}  // namespace moult
