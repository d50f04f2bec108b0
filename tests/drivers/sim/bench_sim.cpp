// How many whole upgrades through the seams a second holds: bench_sim [SEEDS]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;

int main(int argc, char** argv) {
  const auto seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 5000ULL;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t bad = 0, events = 0, calls = 0, writes = 0, simulated_us = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto options = notes_options(seed);
    auto platform = make_sim_platform(options);
    auto& world = (*platform)->world();
    const bool good = scripted_upgrade(**platform, options).has_value();
    world.check_notes();
    bad += !good || !world.violations().empty();
    events += world.trace().events();
    calls += world.faults().calls();
    writes += world.accounts().writes_acknowledged;
    simulated_us += static_cast<std::uint64_t>(world.now());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto each = [&](std::uint64_t total) { return static_cast<double>(total) / static_cast<double>(seeds); };
  std::printf("%llu runs in %.2f s: %.0f a second on one core; bad: %llu\n", static_cast<unsigned long long>(seeds),
              seconds, static_cast<double>(seeds) / seconds, static_cast<unsigned long long>(bad));
  std::printf("each: %.1f s simulated, %.0f calls, %.0f events, %.0f acknowledged writes\n", each(simulated_us) / 1e6,
              each(calls), each(events), each(writes));
  return bad == 0 ? 0 : 1;
}
