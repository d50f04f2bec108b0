#pragma once

#include <set>
#include <string>
#include <vector>

namespace moult::test {

/// A document as a bag of lines "path@attribute=value" and "path=text", so that two can be compared without regard to
/// order.
[[nodiscard]] std::multiset<std::string> flatten(const std::string& xml);

struct Difference {
  std::vector<std::string> lost, added;
};
[[nodiscard]] Difference difference(const std::string& before, const std::string& after);

[[nodiscard]] std::string sample(const std::string& name);

}  // namespace moult::test
