#include "migration/forecast.hpp"

#include <algorithm>
#include <cmath>

namespace moult {
namespace {
constexpr std::size_t kWindow = 8;
constexpr double kBytesLikeAPath = 65536.0;
constexpr double kMuch = 64;     ///< paths, or 4 MiB
constexpr double kDiffer = 2.0;  ///< the largest round over the smallest
}  // namespace

double Forecast::work_of(std::uint64_t paths, std::uint64_t bytes) {
  return static_cast<double>(paths) + static_cast<double>(bytes) / kBytesLikeAPath;
}

void Forecast::add(const RoundReport& round) {
  samples_.push_back({static_cast<double>(round.took.count()), work_of(round.paths, round.bytes)});
  if (samples_.size() > kWindow) samples_.pop_front();
}

Forecast::Line Forecast::fit() const {
  const auto count = static_cast<double>(samples_.size());
  double work = 0, took = 0, least = samples_.front().took_ms;
  for (const auto& sample : samples_) {
    work += sample.work / count;
    took += sample.took_ms / count;
    least = std::min(least, sample.took_ms);
  }
  double both = 0, spread = 0;
  for (const auto& sample : samples_) {
    both += (sample.work - work) * (sample.took_ms - took);
    spread += (sample.work - work) * (sample.work - work);
  }
  const double slope = spread > 0 ? std::max(0.0, both / spread) : 0;
  const double fixed = std::clamp(took - slope * work, 0.0, least);
  // The best slope through that: another one where the fixed part met its bounds, and rounds did not cost that alone.
  double carried = 0, square = 0;
  for (const auto& sample : samples_) {
    carried += sample.work * (sample.took_ms - fixed);
    square += sample.work * sample.work;
  }
  return {fixed, square > 0 ? carried / square : 0, slope > 0};
}

Millis Forecast::next_round(const Pending& pending) const {
  if (samples_.empty()) return Millis{0};
  const auto line = fit();
  return Millis{std::llround(std::ceil(line.fixed + line.each * work_of(pending.paths, pending.bytes)))};
}

Millis Forecast::fixed_part() const {
  if (samples_.empty()) return Millis{0};
  const auto by_work = [](const Sample& one, const Sample& other) { return one.work < other.work; };
  const auto [least, most] = std::minmax_element(samples_.begin(), samples_.end(), by_work);
  const bool told = most->work >= kDiffer * least->work && fit().rises;
  if (least->work >= kMuch && !told) return Millis{0};
  return next_round({});
}

}  // namespace moult
