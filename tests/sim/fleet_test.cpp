#include "tests/sim/fleet.hpp"

#include "catch.hpp"
#include "tests/sim/strikes.hpp"

using namespace moult::test;

TEST_CASE("the same seeds live the same lives, however many side by side", "[sim]") {
  FleetSpec spec;
  spec.count = 60;
  spec.keep_going = true;
  const auto alone = live_all(spec);
  spec.jobs = 3;
  const auto together = live_all(spec);
  CHECK(alone.cases == spec.count);
  CHECK(together.cases == spec.count);
  CHECK(alone.hash == together.hash);
  spec.from = 2;
  CHECK(live_all(spec).hash != alone.hash);
}

TEST_CASE("what chance struck strikes again when it is asked for by name", "[sim]") {
  const Desk desk;
  unsigned struck = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    auto spec = spec_of({}, seed);
    const auto by_chance = live(spec, desk.path());
    struck += by_chance.struck.empty() ? 0 : 1;
    spec.strikes = by_chance.struck;
    INFO("seed " << seed);
    CHECK(live(spec, desk.path()).hash == by_chance.hash);
  }
  CHECK(struck > 20);
}

TEST_CASE("lives that once ended badly end well", "[sim]") {
  struct Once {
    std::uint64_t seed;
    const char *with, *strikes;
  };
  const auto once = GENERATE(
      // A deletion was lost: the original kept what it had learned in a cutover that was given up.
      Once{396199, "nics=1", "refuse@move#8/0,stop_daemon@journal#55/10956"},
      // A run whose finish was begun was confirmed, and its clone taken for the original.
      Once{8431, "clients=1,disks=1,holds=1,serve_s=5,leave=0", "kill_before@journal#58/2,half_way@move#12/4"},
      // A run that was over, which the journal had failed to say, was rolled back once more.
      Once{205710, "serve_s=5", "lose_answer@journal#87/1,kill_after@thaw#8/6"},
      // A cutover that was given up carried notes to the original and could not turn them into the old form; the next
      // process rolled back without turning them.
      Once{433655, "disks=1,comes_back=1,confirm_s=0,serve_s=5,faulty_words=0",
           "lose_call@journal#41/3,fail_command@hold#2/3,refuse@run#23/4"},
      // What a cutover that was given up carried back was altered on its way, and nobody compared.
      Once{490681, "clients=1,nics=1,silent_ppm=0,serve_s=5,faulty_words=0",
           "fail_command@move#7/0,fail_command@where_entry#4/6,garble@apply#8/6"},
      // A switch was written down and not made, the disk given back to the original, and the process killed: the next
      // one made the switch whole for a clone that could not have the disk any more.
      Once{62446, "clients=1,files=0,hooks=0,handover=1,fstab=1,comes_back=1,serve_s=5,faulty_words=0",
           "half_way@journal#41/5,kill_before@journal#42/3"},
      // A rollback was given up, and killed when the original's services had ended, before its disk was out: the next
      // process let the original serve, which had its disk, and nobody started them.
      Once{144941, "clients=1,nics=1,hooks=0,handover=1,fstab=1,serve_s=5,faulty_words=0,leave=0",
           "lose_answer@journal#62/1,kill_before@disk_held#9/2"},
      // Which image an original gets was chosen by a record that had changed meanwhile.
      Once{340046, "clients=1,think_ms=400,nics=1,silent_ppm=0,hooks=0,handover=1,fstab=1,serve_s=5",
           "refuse@journal#43/0,stale@disk_owner#3/6"},
      // The same for who had the disk: a rollback that was made was begun once more, and ended services that served.
      Once{384855, "nics=1,silent_ppm=0,handover=1,fstab=1,comes_back=1,serve_s=5",
           "fail_command@journal#63/6,kill_before@move#14/6,stale@disk_owner#4/5"});
  FleetSpec fleet;
  fleet.with = once.with;
  auto spec = spec_of(fleet, once.seed);
  spec.strikes = strikes_of(once.strikes).value();
  const Desk desk;
  const auto end = live(spec, desk.path());
  INFO("seed " << once.seed << (end.violations.empty() ? "" : ": " + end.violations.front().text));
  CHECK(end.violations.empty());
}

TEST_CASE("a fleet stops at its first bad life, unless it is to keep going", "[sim]") {
  FleetSpec spec;
  spec.count = 400;
  spec.with = "blind=1,silent_ppm=500000,most=0";
  const auto stopped = live_all(spec);
  CHECK(stopped.bad == 1);
  CHECK(stopped.cases < spec.count);
  spec.keep_going = true;
  const auto all = live_all(spec);
  CHECK(all.bad > 1);
  CHECK(all.cases == spec.count);
  CHECK(all.failed.front() == stopped.failed.front());
}
