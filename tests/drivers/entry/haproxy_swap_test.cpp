#include <algorithm>

#include "catch.hpp"
#include "haproxy_world.hpp"
#include "load.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

using SteadyClock = std::chrono::steady_clock;

double ms(SteadyClock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

struct SwapFigures {
  double hold = 0, drain = 0, release = 0, held = 0;
  SteadyClock::time_point released;
};

SwapFigures swap_sides(HaproxyWorld& world, Entry& entry) {
  SwapFigures figures;
  const auto start = SteadyClock::now();
  REQUIRE(entry.hold(5s));
  const auto holding = SteadyClock::now();
  REQUIRE(entry.drain(1s));
  const auto drained = SteadyClock::now();
  world.switch_to_b();
  std::this_thread::sleep_for(100ms);
  const auto releasing = SteadyClock::now();
  REQUIRE(entry.release());
  figures.released = SteadyClock::now();
  figures.hold = ms(holding - start);
  figures.drain = ms(drained - holding);
  figures.release = ms(figures.released - releasing);
  figures.held = ms(figures.released - start);
  return figures;
}

}  // namespace

TEST_CASE("under load, the sides change places and no request fails or reaches the sealed side") {
  const std::string reuse = GENERATE("http-reuse always", "http-reuse safe", "option http-server-close");
  HaproxyWorld world({.backend = reuse});
  auto entry = world.entry();
  Load load(10, 90ms);  // about 100 requests a second
  std::this_thread::sleep_for(1s);
  const auto figures = swap_sides(world, *entry);
  const int on_a = world.a.requests();
  std::this_thread::sleep_for(1s);
  const auto samples = load.stop();

  CHECK(world.a.requests() == on_a);
  CHECK(world.b.requests() > 50);
  const auto failed = std::ranges::count_if(samples, [](const Sample& sample) { return sample.status != 200; });
  CHECK(failed == 0);
  const auto stale = std::ranges::count_if(
      samples, [&](const Sample& sample) { return sample.start > figures.released && sample.body != "B"; });
  CHECK(stale == 0);
  const auto longest = std::ranges::max(samples, {}, &Sample::took);
  CHECK(ms(longest.took) < figures.held + 500);
  WARN(reuse << ": " << samples.size() << " requests, " << failed << " failed; hold " << figures.hold << " ms, drain "
             << figures.drain << " ms, release " << figures.release << " ms; held for " << figures.held
             << " ms, longest request " << ms(longest.took) << " ms");
}

TEST_CASE("without the entry's drain the same swap is seen to break requests: the load can tell") {
  HaproxyWorld world;
  Load load(10, 20ms);
  std::this_thread::sleep_for(500ms);
  world.switch_to_b();
  std::this_thread::sleep_for(1s);
  const auto samples = load.stop();
  const auto harmed =
      std::ranges::count_if(samples, [](const Sample& sample) { return sample.status != 200 || sample.took > 150ms; });
  CHECK(harmed > 0);
}
