#include "orchestrator/guest_clock.hpp"

#include "catch.hpp"
#include "logical_clock.hpp"

namespace moult {
namespace {

using std::chrono::seconds;
using test::LogicalClock;

/// A guest whose `date` says this, after a while.
struct Told final : GuestAccess {
  Told(LogicalClock& host, Result<Outcome> said) : clock(host), answer(std::move(said)) {}
  Result<Outcome> run(const Command& command) override {
    REQUIRE(command.argv == std::vector<std::string>{"date", "+%s"});
    clock.sleep(Millis{4'000});
    return answer;
  }
  Result<> put(const std::string&, std::uint32_t, const ByteSource&) override { return {}; }
  Result<> get(const std::string&, const ByteSink&) override { return {}; }
  LogicalClock& clock;
  Result<Outcome> answer;
};

std::optional<seconds> ahead_of(Result<Outcome> answer) {
  LogicalClock host;
  host.sleep(seconds{1'000});
  Told guest(host, std::move(answer));
  return clock_ahead(guest, host);
}

}  // namespace

TEST_CASE("a guest's clock is compared with the middle of the time that it was asked in") {
  CHECK(ahead_of(Outcome{0, "1002\n", {}}) == seconds{0});
  CHECK(ahead_of(Outcome{0, "4602\n", {}}) == seconds{3'600});
  CHECK(ahead_of(Outcome{0, "2\n", {}}) == seconds{-1'000});
}

TEST_CASE("a guest that does not tell its time has no clock that is wrong") {
  CHECK_FALSE(ahead_of(Outcome{127, "", "date: not found"}));
  CHECK_FALSE(ahead_of(Outcome{0, "Thursday\n", {}}));
  CHECK_FALSE(ahead_of(fail(Code::unreachable, "the guest does not answer")));
}

}  // namespace moult
