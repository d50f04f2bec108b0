#include "tests/drivers/contract/entry_contract.hpp"

namespace moult::contract {
namespace {
constexpr Millis kLong{20'000}, kShort{600}, kDrain{5000};
bool holds(const EntryContext& context) { return value_of(context.entry.where()).holding; }
}  // namespace

void a_hold_is_seen_and_released(const EntryContext& context) {
  CHECK_FALSE(holds(context));
  REQUIRE_GOOD(context.entry.hold(kLong));
  CHECK(holds(context) == context.entry.can_hold());
  REQUIRE_GOOD(context.entry.release());
  CHECK_FALSE(holds(context));
}

void a_hold_ends_by_itself(const EntryContext& context) {
  REQUIRE_GOOD(context.entry.hold(kShort));
  context.wait(kShort + kShort);
  CHECK_FALSE(holds(context));
  REQUIRE_GOOD(context.entry.release());
}

void a_repeated_hold_renews_its_time(const EntryContext& context) {
  REQUIRE_GOOD(context.entry.hold(kShort));
  REQUIRE_GOOD(context.entry.hold(kLong));
  context.wait(kShort + kShort);
  CHECK(holds(context) == context.entry.can_hold());
  REQUIRE_GOOD(context.entry.release());
}

void releasing_is_idempotent(const EntryContext& context) {
  for (int i = 0; i < 3; ++i) REQUIRE_GOOD(context.entry.release());
  CHECK_FALSE(holds(context));
}

void an_entry_under_hold_drains(const EntryContext& context) {
  REQUIRE_GOOD(context.entry.hold(kLong));
  REQUIRE_GOOD(context.entry.drain(kDrain));
  if (context.entry.can_hold()) CHECK(value_of(context.entry.where()).in_flight == 0);
  REQUIRE_GOOD(context.entry.release());
}

void the_entry_can_be_asked(const EntryContext& context) { REQUIRE_GOOD(context.entry.check(kDrain)); }

void entry_contract(const EntryContext& context) {
  a_hold_is_seen_and_released(context);
  a_hold_ends_by_itself(context);
  a_repeated_hold_renews_its_time(context);
  releasing_is_idempotent(context);
  an_entry_under_hold_drains(context);
  the_entry_can_be_asked(context);
}

}  // namespace moult::contract
