#include "catch.hpp"
#include "drivers/entry.hpp"

using namespace std::chrono_literals;
using namespace moult;

TEST_CASE("the entry none holds nothing, drains at once and asks nothing without a URL") {
  auto entry = make_entry(EntrySpec{});
  REQUIRE(entry);
  CHECK_FALSE((*entry)->can_hold());
  CHECK((*entry)->hold(1s));
  CHECK((*entry)->drain(1s));
  CHECK((*entry)->release());
  CHECK((*entry)->check(1s));
  CHECK_FALSE((*entry)->where()->holding);
}

TEST_CASE("an entry without what it needs is not made") {
  EntrySpec haproxy;
  haproxy.kind = EntryKind::haproxy;
  haproxy.frontend = "notes";
  CHECK(make_entry(haproxy).error().code == Code::invalid);
  haproxy.socket = "/run/haproxy/admin.sock";
  CHECK(make_entry(haproxy));
  EntrySpec command;
  command.kind = EntryKind::command;
  command.hold = {"true"};
  CHECK(make_entry(command).error().code == Code::invalid);
}

TEST_CASE("names that would be more than one word of the runtime API are refused") {
  for (const char* name : {"", "a b", "a;shutdown", "a\nb", "a#b"}) {
    EntrySpec spec;
    spec.kind = EntryKind::haproxy;
    spec.socket = "/run/haproxy/admin.sock";
    spec.frontend = name;
    const auto made = make_entry(spec);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Code::invalid);
    spec.frontend = "notes";
    spec.backends = {name};
    CHECK_FALSE(make_entry(spec));
  }
}

TEST_CASE("a check of something that is not an http URL is invalid, of a closed port unreachable") {
  EntrySpec spec;
  spec.check_url = "gopher://localhost/";
  CHECK((*make_entry(spec))->check(1s).error().code == Code::invalid);
  spec.check_url = "http://127.0.0.1:1/";
  CHECK((*make_entry(spec))->check(1s).error().code == Code::unreachable);
}
