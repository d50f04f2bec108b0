#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace moult {

/// Names as numbers 0..n-1 in the order of the names, so that every answer is the same for the same input. A name is
/// looked up once, when it is taken in. Whoever gave the names keeps them.
class SortedNames {
 public:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  void reserve(std::size_t names) { ticket_.reserve(names), names_.reserve(names); }
  /// Takes one more name in, or one again; its number is had for the ticket after sort().
  std::size_t add(std::string_view name) {
    const auto [at, fresh] = ticket_.try_emplace(name, names_.size());
    if (fresh) names_.emplace_back(name, at->second);
    return at->second;
  }
  /// The ticket of a name that was taken in, else kNone.
  [[nodiscard]] std::size_t find(std::string_view name) const {
    const auto found = ticket_.find(name);
    return found == ticket_.end() ? kNone : found->second;
  }
  void sort() {
    std::sort(names_.begin(), names_.end());
    number_.resize(names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) number_[names_[i].second] = i;
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

  /// After sort(): the number for a ticket, and the name for a number.
  [[nodiscard]] std::size_t number(std::size_t ticket) const { return number_[ticket]; }
  [[nodiscard]] std::string_view operator[](std::size_t number) const { return names_[number].first; }

 private:
  std::vector<std::pair<std::string_view, std::size_t>> names_;  ///< with their tickets
  std::unordered_map<std::string_view, std::size_t> ticket_;
  std::vector<std::size_t> number_;  ///< by ticket
};

}  // namespace moult
