#include "catch.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;

namespace {

struct Seen {
  std::uint64_t hash = 0, events = 0, writes = 0;
  bool good = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen see(SimOptions options) {
  auto platform = make_sim_platform(options);
  REQUIRE(platform);
  auto& world = (*platform)->world();
  const bool good = scripted_upgrade(**platform, options).has_value();
  return {world.trace().hash(), world.trace().events(), world.accounts().writes_acknowledged, good};
}

SimOptions with_chance(std::uint64_t seed) {
  auto options = notes_options(seed);
  for (auto kind :
       {sim::FaultKind::lose_answer, sim::FaultKind::crash_guest, sim::FaultKind::slow, sim::FaultKind::half_way})
    options.faults.ppm[static_cast<std::size_t>(kind)] = 10'000;
  return options;
}

}  // namespace

TEST_CASE("the same seed makes the same world to the last event, with faults too") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CHECK(see(notes_options(seed)) == see(notes_options(seed)));
    CHECK(see(with_chance(seed)) == see(with_chance(seed)));
  }
}

TEST_CASE("different seeds make different worlds") {
  CHECK(see(notes_options(1)).hash != see(notes_options(2)).hash);
  CHECK(see(with_chance(3)).hash != see(notes_options(3)).hash);
}

TEST_CASE("keeping the trace's text changes nothing of what happens") {
  auto loud = notes_options(4);
  loud.keep_trace = true;
  CHECK(see(loud) == see(notes_options(4)));
}
