#include "drivers/sim/level_choice.hpp"

#include <algorithm>
#include <compare>
#include <vector>

#include "descriptors/level.hpp"

namespace moult::sim {
namespace {

/// The levels that a constraint names: its words without operators.
std::vector<std::string> named_in(const std::string& constraint) {
  std::vector<std::string> levels;
  std::string word;
  for (const char c : constraint + " ") {
    const bool separates = c == ' ' || c == '|' || c == ',' || c == '<' || c == '>' || c == '=' || c == '!';
    if (!separates) word.push_back(c);
    if (separates && !word.empty()) levels.push_back(std::exchange(word, {}));
  }
  return levels;
}

/// The same level with its last number one higher: what ">1.4" allows first.
std::string raised(std::string level) {
  const auto end = level.find_last_of("0123456789");
  if (end == std::string::npos) return level;
  auto digit = end;
  while (level[digit] == '9') {
    level[digit] = '0';
    if (digit == 0 || level[digit - 1] < '0' || level[digit - 1] > '9') return level.insert(digit, "1");
    --digit;
  }
  ++level[digit];
  return level;
}

std::vector<std::string> candidates(const LevelSpec& level) {
  auto all = named_in(level.from);
  const auto named = all.size();
  for (std::size_t i = 0; i < named; ++i) all.push_back(raised(all[i]));
  for (const char* early : {"1.0.0", "0.0.1", "1", "0", "2000-01-01"}) all.emplace_back(early);
  return all;
}

bool fits(const LevelSpec& level, const std::string& candidate) {
  const auto allowed = satisfies(level.scheme, candidate, level.from);
  if (!allowed || !*allowed) return false;
  const auto order = compare_levels(level.scheme, candidate, level.to);
  return order && std::is_lt(*order);
}

}  // namespace

std::string level_before(const LevelSpec& level) {
  std::vector<std::string> fitting;
  for (auto& candidate : candidates(level))
    if (check_level(level.scheme, candidate) && fits(level, candidate)) fitting.push_back(std::move(candidate));
  if (fitting.empty()) return level.to;
  if (level.from.empty()) return fitting.front();
  return *std::min_element(fitting.begin(), fitting.end(), [&](const auto& a, const auto& b) {
    const auto order = compare_levels(level.scheme, a, b);
    return order && std::is_lt(*order);
  });
}

}  // namespace moult::sim
