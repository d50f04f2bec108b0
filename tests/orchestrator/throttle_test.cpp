// Clients that write faster than rounds carry, and originals that are slowed for it.
#include "catch.hpp"
#include "orchestrator/requests.hpp"
#include "outpaced.hpp"

using namespace moult;
using namespace moult::test;
using sim::FaultKind;

TEST_CASE("a limit is half of what is written, or less, and never below the floor", "[throttle]") {
  CHECK(next_limit(1000, 1.0, 100) == 500);
  CHECK(next_limit(1000, 0.8, 100) == 500);
  CHECK(next_limit(1000, 2.5, 100) == 200);
  CHECK(next_limit(1000, 50, 100) == 100);
  CHECK(next_limit(150, 1.0, 100) == 100);
  CHECK(next_limit(101, 1.0, 100) == 100);
  CHECK_FALSE(next_limit(100, 3.0, 100));
  CHECK_FALSE(next_limit(30, 3.0, 100));
  CHECK_FALSE(next_limit(0, 0, 100));
  CHECK(next_limit(1e18, 1.0, 1) == 500'000'000'000'000'000ULL);
}

TEST_CASE("options of a run are kept with the floor, and without one", "[throttle]") {
  CHECK(options_from_json(options_to_json(with_throttle(5)))->throttle == 5);
  CHECK_FALSE(options_from_json(options_to_json({}))->throttle);
}

TEST_CASE("data that is written faster than it is carried is told of early, with figures and what helps",
          "[throttle]") {
  SimRun run(outpaced(1));
  const auto before = run.world().inventory(false);
  std::string said;
  run.on_word([&](const std::string& text) {
    if (!has(text, "do not get shorter")) return;
    said = text;
    run.interrupt().ask();
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::interrupted);
  INFO(said);
  CHECK((has(said, "after 3 rounds") || has(said, "after 4 rounds")));
  CHECK(has(said, "api.notes: "));
  CHECK(has(said, "paths a second are written"));
  CHECK(has(said, "are carried"));
  CHECK(has(said, "over the budget of 2000 ms"));
  CHECK(has(said, "--throttle RATE"));
  CHECK(rows_of(run, "data.outpaced").size() == 1);
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("with a throttle it converges, and the limits are off before clients are held", "[throttle]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const std::uint64_t own : {0ULL, 1ULL << 20U}) {
      auto options = outpaced(seed);
      options.disk_limit = own;
      options.disks = 2;
      SimRun run(options, with_throttle());
      const auto before = run.world().inventory(false);
      const auto end = run.go();
      INFO("seed " << seed << ", the owner's limit " << own << (end ? "" : ": " + end.error().describe()));
      REQUIRE(end);
      CHECK(run.state() == RunState::confirming);
      const auto throttled = rows_of(run, "data.throttled");
      REQUIRE_FALSE(throttled.empty());
      CHECK(has(throttled.front(), R"("machine":"app")"));
      CHECK(rows_of(run, "data.unthrottled").size() >= 1);
      CHECK(throttles_of(run.store().journal(), "r1")->empty());
      run.serve_for(5);
      CHECK(run.violations() == "");
      REQUIRE(run.again(&Conductor::roll_back));
      CHECK(run.world().inventory(false) == before);
      CHECK(run.violations() == "");
    }
  }
}

namespace {

/// What happened until clients were held, where writing out took no time, or long.
std::string until_held(bool long_one) {
  auto options = outpaced(1);
  options.keep_trace = true;
  SimRun run(options, with_throttle());
  run.on_state([&](RunState state) {
    if (state != RunState::cutting_over || !long_one) return;
    sim::FaultPlan slow;  // of the machine that holds no data, which no round writes out
    slow.rules.push_back({FaultKind::slow, "sync", 0, "web", Millis{5000}});
    run.world().faults().set(slow);
  });
  std::string until;
  run.on_part([&](std::string_view part, double) {
    if (part == "hold" && until.empty()) until = run.world().trace().text(1000);
  });
  (void)run.go();
  return until;
}

}  // namespace

TEST_CASE("what became dirty under a limit is written out before clients are held", "[throttle]") {
  const auto text = until_held(false);
  const auto lifted = text.rfind("disk limit");
  REQUIRE(lifted != std::string::npos);
  INFO(text.substr(lifted));
  CHECK(text.find(" sync ", lifted) != std::string::npos);
  CHECK(text.find(" emit ", lifted) == std::string::npos);
  CHECK(text.find(" freeze ") < lifted);  // practised
}

TEST_CASE("what clients wrote while much was written out is carried under the limits, which are lifted last",
          "[throttle]") {
  const auto text = until_held(true);
  const auto lifted = text.rfind("disk limit");
  REQUIRE(lifted != std::string::npos);
  CHECK(text.find(" emit ", lifted) == std::string::npos);
  const auto slowed = text.rfind("disk limit", lifted - 1);
  INFO(text.substr(slowed));
  CHECK(text.substr(slowed, lifted - slowed).find(" emit ") != std::string::npos);
  const auto written_out = text.rfind("disk limit", slowed - 1);
  const auto between = text.substr(written_out, slowed - written_out);
  CHECK(between.find(" sync ") != std::string::npos);
  CHECK(between.find(" freeze ") == std::string::npos);  // which there is where it was practised
}

TEST_CASE("an original that need not be slowed is not, also where it may be", "[throttle]") {
  SimRun run(two_machines(3), with_throttle());
  REQUIRE(run.go());
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.violations() == "");
}

TEST_CASE("a floor above what is written slows nothing, and says so", "[throttle]") {
  SimRun run(outpaced(2), with_throttle(1ULL << 30U));
  const auto before = run.world().inventory(false);
  std::string said;
  run.on_word([&](const std::string& text) {
    if (!has(text, "nothing is left to slow")) return;
    said = text;
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  INFO(said);
  CHECK(has(said, "above the floor of 1GiB/s"));
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("originals are slowed down to the floor and not below it, however little that helps", "[throttle]") {
  SimRun run(outpaced(3), with_throttle(15 * 4096));  // still more than a clone can be given
  bool spent = false;
  run.on_word([&](const std::string& text) {
    if (!has(text, "nothing is left to slow")) return;
    spent = true;
    CHECK_FALSE(is_slowed(run));  // it goes on with rounds, for there may be less load later
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(spent);
  const auto rows = rows_of(run, "data.throttled");
  REQUIRE_FALSE(rows.empty());
  CHECK(has(rows.back(), R"("bytes_per_second":61440)"));
  CHECK_FALSE(is_slowed(run));
  CHECK(run.violations() == "");
}

TEST_CASE("what rounds cost that bring little slows nothing, for it would be the same at any pace", "[throttle]") {
  SimRun run(two_machines(10), with_throttle());
  const auto before = run.world().inventory(false);
  run.on_state([&](RunState state) {
    if (state == RunState::cloning) run.world().faults().set(slow_rounds());
  });
  bool told = false;
  run.on_word([&](const std::string& text) {
    if (!has(text, "nothing is left to slow")) return;
    told = true;
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(told);
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("a cutover that is due is waited for without limits where they do not help", "[throttle]") {
  SimRun run(outpaced(11), with_throttle());
  run.on_state([&](RunState state) {
    if (state != RunState::ready) return;
    CHECK(is_slowed(run));
    run.world().faults().set(slow_rounds());
  });
  unsigned waited = 0;
  run.on_word([&](const std::string& text) {
    if (!has(text, "no cutover yet") || is_slowed(run)) return;
    if (++waited == 3) run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(waited == 3);
  CHECK(run.violations() == "");
}

TEST_CASE("a run that waits for a word is not slowed until it comes", "[throttle]") {
  auto options = with_throttle();
  options.cutover = CutoverMode::manual;
  SimRun run(outpaced(6), options);
  bool asked = false;
  run.on_word([&](const std::string& text) {
    if (!has(text, "ready; waiting for")) return;
    CHECK_FALSE(is_slowed(run));
    run.serve_for(60);  // of writes that no round within the budget carries
    asked = put_request(run.store().journal(), "r1", Request::cutover).has_value();
  });
  const auto end = run.go();
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  CHECK(asked);
  CHECK(run.state() == RunState::confirming);
  CHECK(rows_of(run, "cutover.refused").empty());
  CHECK(rows_of(run, "data.unthrottled").size() >= 2);  // in ready, and before the hold
  CHECK(run.violations() == "");
}

TEST_CASE("a word that cannot be followed although all is slowed is refused, and the original let go", "[throttle]") {
  auto options = with_throttle();
  options.cutover = CutoverMode::manual;
  SimRun run(outpaced(7), options);
  const auto before = run.world().inventory(false);
  bool refused = false;
  run.on_word([&](const std::string& text) {
    if (has(text, "ready; waiting for")) {
      run.world().faults().set(slow_rounds());
      REQUIRE(put_request(run.store().journal(), "r1", Request::cutover));
    }
    if (!has(text, "no cutover yet") || rows_of(run, "cutover.refused").empty()) return;
    refused = true;
    REQUIRE(put_request(run.store().journal(), "r1", Request::abort));
  });
  REQUIRE_FALSE(run.go());
  CHECK(refused);
  CHECK(run.state() == RunState::aborted);
  CHECK_FALSE(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}
