#include "migration/pace.hpp"

#include <algorithm>

namespace moult {
namespace {

constexpr std::size_t kWindow = 3;

double seconds(Clock::Steady time) { return std::chrono::duration<double>(time).count(); }

double per(double amount, double time) { return time > 0 ? amount / time : 0; }

}  // namespace

void Pace::add(Clock::Steady began, const RoundReport& round) {
  const auto paths = static_cast<double>(round.paths + round.deletions);
  cost_.add(round);
  const auto carrying = std::max(Millis{0}, round.took - cost_.fixed_part());
  const Sample sample{seconds(carrying), seconds(round.took), seconds(began - last_began_), paths,
                      static_cast<double>(round.bytes)};
  last_began_ = began;
  if (rounds_++ == 0) return;  // when what it brought began to be written is not known
  samples_.push_back(sample);
  if (samples_.size() > kWindow) samples_.pop_front();
  const bool shorter = sample.whole_s <= kShorter * sample.since_s;
  outpaced_ = shorter || !carries(sample) || (sample.paths == 0 && sample.bytes == 0) ? 0 : outpaced_ + 1;
}

Pace::Sample Pace::sum() const {
  Sample sum{};
  for (const auto& sample : samples_) {
    sum.took_s += sample.took_s;
    sum.whole_s += sample.whole_s;
    sum.since_s += sample.since_s;
    sum.paths += sample.paths;
    sum.bytes += sample.bytes;
  }
  return sum;
}

bool Pace::carries(const Sample& sample) { return sample.took_s > (1 - kShorter) * sample.whole_s; }

double Pace::load() const {
  const auto all = sum();
  return per(all.took_s, all.since_s);
}

Rates Pace::rates() const {
  const auto all = sum();
  return {per(all.bytes, all.since_s), per(all.paths, all.since_s), per(all.bytes, all.took_s),
          per(all.paths, all.took_s)};
}

}  // namespace moult
