#include "catch.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;

namespace {

struct Lived {
  Result<> result;
  std::vector<sim::Violation> violations;
  sim::Accounts accounts;
};

Lived live(std::uint64_t seed, const Leave& leave = {}, bool held_files_seen = true) {
  auto options = notes_options(seed);
  options.held_files_seen = held_files_seen;
  options.think = Millis{50};
  auto platform = make_sim_platform(options);
  REQUIRE(platform);
  auto result = scripted_upgrade(**platform, options, leave);
  (*platform)->clock().sleep(Millis{3000});
  auto& world = (*platform)->world();
  world.check_notes();
  return {std::move(result), world.violations(), world.accounts()};
}

/// How many of a hundred seeds break a promise of this name.
int count_broken(const Leave& leave, const std::string& invariant, bool held_files_seen = true) {
  int broken = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto lived = live(seed, leave, held_files_seen);
    broken += std::any_of(lived.violations.begin(), lived.violations.end(),
                          [&](const auto& violation) { return violation.invariant == invariant; });
  }
  return broken;
}

}  // namespace

TEST_CASE("a careful upgrade keeps every promise, and clients notice a pause at most") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto lived = live(seed);
    INFO("seed " << seed << " " << (lived.violations.empty() ? "" : lived.violations.front().text));
    if (!lived.result) FAIL(lived.result.error().describe());
    CHECK(lived.violations.empty());
    CHECK(lived.accounts.failed == 0);
    CHECK(lived.accounts.writes_acknowledged > 50);
  }
}

TEST_CASE("a switch without a round under the fence loses acknowledged writes, and the world says so") {
  CHECK(count_broken({.last_round = true}, "I2") > 50);
}

TEST_CASE("a last round that does not ask what is held for writing misses what raised no event") {
  CHECK(count_broken({}, "I2", false) > 10);
}

TEST_CASE("an original that is not sealed leaves two sides on production") {
  CHECK(count_broken({.seal = true}, "I1") == 100);
  CHECK(count_broken({.seal = true}, "I5") == 100);
}

TEST_CASE("capture that starts after the snapshot misses what was written between") {
  CHECK(count_broken({.capture_first = true}, "I2") > 10);
}
