#include "tests/drivers/contract/disk_throttle_contract.hpp"

namespace moult::contract {
namespace {

constexpr std::uint64_t kMebi = 1ULL << 20U;
constexpr Millis kGrace{30'000};

std::string limits_of(const ThrottleContext& context) { return value_of(context.throttle.limits(context.machine)); }

}  // namespace

void limits_are_put_back_to_the_letter(const ThrottleContext& context) {
  const auto before = limits_of(context);
  CHECK_FALSE(before.empty());
  REQUIRE_GOOD(context.throttle.restore(context.machine, before));
  CHECK(limits_of(context) == before);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.throttle.limit(context.machine, 64 * 1024, before));
  CHECK(limits_of(context) != before);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.throttle.restore(context.machine, before));
  CHECK(limits_of(context) == before);
}

void a_limit_can_be_changed_and_is_never_looser_than_the_owners(const ThrottleContext& context) {
  const auto before = limits_of(context);
  REQUIRE_GOOD(context.throttle.limit(context.machine, 8 * kMebi, before));
  const auto loose = limits_of(context);
  REQUIRE_GOOD(context.throttle.limit(context.machine, kMebi, before));
  const auto strict = limits_of(context);
  CHECK(strict != loose);
  // One that is strict already may be the owner's: what is looser changes nothing.
  REQUIRE_GOOD(context.throttle.limit(context.machine, 4 * kMebi, strict));
  CHECK(limits_of(context) == strict);
  REQUIRE_GOOD(context.throttle.limit(context.machine, 8 * kMebi, before));
  CHECK(limits_of(context) == loose);
  REQUIRE_GOOD(context.throttle.restore(context.machine, before));
  CHECK(limits_of(context) == before);
}

void a_machine_that_is_off_has_lost_its_limits(const ThrottleContext& context) {
  const auto before = limits_of(context);
  REQUIRE_GOOD(context.throttle.limit(context.machine, kMebi, before));
  REQUIRE_GOOD(context.lifecycle.stop(context.machine, kGrace));
  CHECK(code_of(context.throttle.limits(context.machine)) == Code::refused);
  CHECK(code_of(context.throttle.limit(context.machine, kMebi, before)) == Code::refused);
  REQUIRE_GOOD(context.throttle.restore(context.machine, before));
  REQUIRE_GOOD(context.lifecycle.start(context.machine));
  CHECK(limits_of(context) == before);
  REQUIRE_GOOD(context.throttle.restore(context.machine, before));
  CHECK(limits_of(context) == before);
}

void what_was_written_is_told_of_each_disk(const ThrottleContext& context) {
  const auto facts = value_of(context.lifecycle.inspect(context.machine));
  const auto first = value_of(context.throttle.written(context.machine));
  const auto second = value_of(context.throttle.written(context.machine));
  for (const auto& disk : facts.disks) {
    if (disk.read_only) continue;
    INFO(disk.target);
    REQUIRE(first.count(disk.target) == 1);
    CHECK(second.at(disk.target) >= first.at(disk.target));
  }
}

void what_makes_no_sense_is_refused(const ThrottleContext& context) {
  const auto before = limits_of(context);
  CHECK(code_of(context.throttle.limit(context.machine, 0, before)) == Code::invalid);
  CHECK(code_of(context.throttle.limit(context.machine, kMebi, "nonsense")) == Code::invalid);
  CHECK(code_of(context.throttle.restore(context.machine, "nonsense")) == Code::invalid);
  auto nobody = context.machine;
  nobody.domain = "no-such-domain-of-moult";
  CHECK(code_of(context.throttle.limits(nobody)) == Code::not_found);
  CHECK(code_of(context.throttle.written(nobody)) == Code::not_found);
  CHECK(code_of(context.throttle.limit(nobody, kMebi, before)) == Code::not_found);
  REQUIRE_GOOD(context.throttle.restore(nobody, before));
  CHECK(limits_of(context) == before);
}

void disk_throttle_contract(const ThrottleContext& context) {
  limits_are_put_back_to_the_letter(context);
  a_limit_can_be_changed_and_is_never_looser_than_the_owners(context);
  a_machine_that_is_off_has_lost_its_limits(context);
  what_was_written_is_told_of_each_disk(context);
  what_makes_no_sense_is_refused(context);
}

}  // namespace moult::contract
