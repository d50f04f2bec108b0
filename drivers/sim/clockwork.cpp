#include "drivers/sim/clockwork.hpp"

#include <numeric>

namespace moult::sim {
namespace {
constexpr std::int64_t kBegin = 1'767'225'600;  ///< the world begins at 2026-01-01 00:00:00 UTC
}  // namespace

Clock::Steady SimClock::steady() const {
  return std::chrono::microseconds(world_.peek([this] { return world_.callers_now(); }) + afterlife_);
}

std::chrono::system_clock::time_point SimClock::utc() const {
  const auto since = std::chrono::seconds(kBegin + world_.wall_offset_s()) + steady();
  return std::chrono::system_clock::time_point{std::chrono::duration_cast<std::chrono::system_clock::duration>(since)};
}

void SimClock::sleep(Millis duration) {
  const Time by = std::max<Time>(duration.count() * 1000, 0);
  if (world_.dead())
    afterlife_ += by;
  else
    world_.sleep(by);
}

Result<> SimWorkers::all(std::vector<Job> jobs) {
  std::vector<std::size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[world_.rng().below(i)]);
  std::vector<Result<>> results(jobs.size());
  const Time begin = world_.callers_now();
  Time end = begin;
  for (const auto i : order) {
    world_.set_callers_now(begin);
    results[i] = jobs[i]();
    end = std::max(end, world_.callers_now());
  }
  world_.set_callers_now(end);
  for (auto& result : results)
    if (!result) return std::move(result);
  return {};
}

}  // namespace moult::sim
