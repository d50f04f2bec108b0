// The contract suite on the entries of real appliances.
#include "tests/drivers/contract/entry_contract.hpp"

#include <thread>

#include "tests/drivers/entry/haproxy_world.hpp"

using namespace moult;

namespace {
void sleep_for(Millis time) { std::this_thread::sleep_for(time); }
}  // namespace

TEST_CASE("a real HAProxy keeps the contract of Entry") {
  test::HaproxyWorld world;
  const auto entry = world.entry();
  CHECK(entry->can_hold());
  contract::entry_contract({*entry, sleep_for});
}

TEST_CASE("no entry at all keeps the contract of Entry, and says that it cannot hold") {
  const auto entry = contract::value_of(make_entry(EntrySpec{}));
  CHECK_FALSE(entry->can_hold());
  contract::entry_contract({*entry, sleep_for});
}
