#pragma once

#include "drivers/entry.hpp"
#include "tests/drivers/contract/support.hpp"

namespace moult::contract {

/// What every Entry promises while the appliance behind it serves. Each function leaves the entry released.
struct EntryContext {
  Entry& entry;
  Wait wait;
};

void a_hold_is_seen_and_released(const EntryContext& context);
void a_hold_ends_by_itself(const EntryContext& context);
void a_repeated_hold_renews_its_time(const EntryContext& context);
void releasing_is_idempotent(const EntryContext& context);
void an_entry_under_hold_drains(const EntryContext& context);
void the_entry_can_be_asked(const EntryContext& context);

/// All of them.
void entry_contract(const EntryContext& context);

}  // namespace moult::contract
