#include "drivers/sim/trace.hpp"

#include <algorithm>
#include <cstdio>

namespace moult::sim {

std::string Trace::text(std::size_t most) const {
  std::string out;
  for (std::size_t i = lines_.size() - std::min(most, lines_.size()); i < lines_.size(); ++i) {
    const auto& line = lines_[i];
    char time[32];
    std::snprintf(time, sizeof time, "%4lld.%06lld ", static_cast<long long>(line.at / 1'000'000),
                  static_cast<long long>(line.at % 1'000'000));
    out.append(time).append(line.what);
    out.append(" ").append(std::to_string(line.first)).append(" ").append(std::to_string(line.second)).append("\n");
  }
  return out;
}

}  // namespace moult::sim
