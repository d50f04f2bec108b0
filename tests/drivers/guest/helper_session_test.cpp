#include "drivers/guest/client/helper_session.hpp"

#include "catch.hpp"
#include "logical_clock.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

struct NoChannel final : ChannelOpener {
  Result<> attach(const MachineRef&, const std::string&) override { return {}; }
  Result<> detach(const MachineRef&, const std::string&) override { return {}; }
  Result<Fd> open(const MachineRef&, const std::string&) override { return fail(Code::unreachable, "no channel"); }
};

/// Begins a session with a machine whose agent fails like this; the time that was waited.
Clock::Steady waited_for_agent(Disposition disposition) {
  LogicalClock clock;
  NoChannel channels;
  const auto silent = [disposition](const MachineRef&) -> Result<std::unique_ptr<GuestAccess>> {
    return Unexpected(Error{Code::unreachable, "no agent", {}, {}, disposition});
  };
  guest::HelperSession session({silent, channels, "/nowhere/moult-helper", clock}, "run-1", {"app", "test:///", "app"});
  const auto begun = session.begin(1s);
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code == Code::unreachable);
  return clock.steady();
}

}  // namespace

TEST_CASE("a session waits for an agent that may come up, and not for one whose machine is off") {
  CHECK(waited_for_agent(Disposition::retry) >= 500ms);
  CHECK(waited_for_agent(Disposition::fail) == 0ms);
}
