// The contract suite on the entries of real appliances.
#include "tests/drivers/contract/entry_contract.hpp"

#include <unistd.h>

#include <thread>

#include "tests/drivers/entry/haproxy_world.hpp"

using namespace moult;

namespace {
void sleep_for(Millis time) { std::this_thread::sleep_for(time); }

/// A vendor's own entry, as small as it can be: a file says until when requests wait.
EntrySpec entry_of_commands(const std::string& file) {
  const auto shell = [&](const char* script) { return std::vector<std::string>{"sh", "-c", script, file}; };
  EntrySpec spec;
  spec.kind = EntryKind::command;
  spec.hold = shell(R"(echo $(($(date +%s%3N) + MOULT_TTL_MS)) >"$0")");
  spec.drain = {"true"};
  spec.release = shell(R"(rm -f "$0")");
  spec.where =
      shell(R"sh([ "$(cat "$0" 2>/dev/null || echo 0)" -gt "$(date +%s%3N)" ] && echo holding 0 || echo open 0)sh");
  return spec;
}
}  // namespace

TEST_CASE("a real HAProxy keeps the contract of Entry") {
  test::HaproxyWorld world;
  const auto entry = world.entry();
  CHECK(entry->can_hold());
  contract::entry_contract({*entry, sleep_for});
}

TEST_CASE("an entry of commands keeps the contract of Entry where its commands do") {
  const auto file = "/tmp/moult-entry-contract-" + std::to_string(::getpid());
  const auto entry = contract::value_of(make_entry(entry_of_commands(file)));
  CHECK(entry->can_hold());
  contract::entry_contract({*entry, sleep_for});
}

TEST_CASE("no entry at all keeps the contract of Entry, and says that it cannot hold") {
  const auto entry = contract::value_of(make_entry(EntrySpec{}));
  CHECK_FALSE(entry->can_hold());
  contract::entry_contract({*entry, sleep_for});
}
