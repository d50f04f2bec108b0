#include "migration/forecast.hpp"

#include <algorithm>
#include <cmath>

namespace moult {
namespace {
constexpr std::size_t kWindow = 8;
constexpr double kBytesLikeAPath = 65536.0;
}  // namespace

double Forecast::work_of(std::uint64_t paths, std::uint64_t bytes) {
  return static_cast<double>(paths) + static_cast<double>(bytes) / kBytesLikeAPath;
}

void Forecast::add(const RoundReport& round) {
  samples_.push_back({static_cast<double>(round.took.count()), work_of(round.paths, round.bytes)});
  if (samples_.size() > kWindow) samples_.pop_front();
}

Millis Forecast::next_round(const Pending& pending) const {
  if (samples_.empty()) return Millis{0};
  const auto least = [](const Sample& a, const Sample& b) { return a.took_ms < b.took_ms; };
  const double fixed = std::min_element(samples_.begin(), samples_.end(), least)->took_ms;
  double over = 0;
  double work = 0;
  for (const auto& sample : samples_) {
    over += sample.took_ms - fixed;
    work += sample.work;
  }
  const double each = work > 0 ? over / work : 0;
  return Millis{std::llround(std::ceil(fixed + each * work_of(pending.paths, pending.bytes)))};
}

}  // namespace moult
