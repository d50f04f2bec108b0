#include "descriptors/level/constraint.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "descriptors/base/text.hpp"

namespace moult::level {
namespace {

constexpr std::string_view kSpace = " \t";
constexpr std::string_view kExample = "expected comparisons such as \">=1.0.0 <2.0.0 || =3.1.0\"";

struct Spelling {
  std::string_view text;
  Operator op;
};

/// Longer spellings first, so that "<=" is not read as "<".
constexpr std::array<Spelling, 6> kOperators{{{"!=", Operator::not_equal},
                                              {"<=", Operator::less_equal},
                                              {">=", Operator::greater_equal},
                                              {"=", Operator::equal},
                                              {"<", Operator::less},
                                              {">", Operator::greater}}};

void skip_space(std::string_view& rest) { rest.remove_prefix(std::min(rest.find_first_not_of(kSpace), rest.size())); }

std::optional<Operator> take_operator(std::string_view& rest) {
  for (const auto& spelling : kOperators)
    if (rest.starts_with(spelling.text)) {
      rest.remove_prefix(spelling.text.size());
      return spelling.op;
    }
  return std::nullopt;
}

std::string_view take_level(std::string_view& rest) {
  const auto end = std::min({rest.find_first_of(kSpace), rest.find("||"), rest.size()});
  const auto level = rest.substr(0, end);
  rest.remove_prefix(end);
  return level;
}

Result<Comparison> take_comparison(std::string_view& rest) {
  const auto start = rest;
  const auto op = take_operator(rest);
  skip_space(rest);
  const auto level = take_level(rest);
  if (!op)
    return fail(Code::invalid, in_quotes(level) + " has no operator; " + std::string(kExample),
                "write =" + printable(level) + " for exactly that level");
  if (level.empty() || std::string_view("=<>!").find(level[0]) != std::string_view::npos)
    return fail(Code::invalid, in_quotes(start.substr(0, start.size() - rest.size())) +
                                   " is no comparison; the operators are =, !=, <, <=, >, >=");
  return Comparison{*op, level};
}

}  // namespace

Result<Constraint> read_constraint(std::string_view text) {
  Constraint constraint;
  auto rest = text;
  skip_space(rest);
  if (rest.empty()) return constraint;
  constraint.emplace_back();
  while (!rest.empty()) {
    if (rest.starts_with("||")) {
      if (constraint.back().empty()) break;
      rest.remove_prefix(2);
      constraint.emplace_back();
    } else {
      MOULT_ASSIGN(auto comparison, take_comparison(rest));
      constraint.back().push_back(comparison);
    }
    skip_space(rest);
  }
  if (constraint.back().empty())
    return fail(Code::invalid,
                "nothing stands on one side of \"||\" in " + in_quotes(text) + "; " + std::string(kExample));
  return constraint;
}

}  // namespace moult::level
