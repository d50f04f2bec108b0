#include "orchestrator/phases/comparison.hpp"

#include <deque>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "logical_clock.hpp"

using namespace moult;
using nlohmann::json;

namespace {

/// A set of which only the comparison is asked. It gives what it is told to, and then nothing more.
class ComparedSet final : public DataStrategy {
 public:
  explicit ComparedSet(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  Result<Comparison> compare_some() override {
    ++asked;
    if (parts.empty()) return Comparison{};
    auto part = std::move(parts.front());
    parts.pop_front();
    return part;
  }
  Result<> start_capture() override { return {}; }
  Result<bool> keep_capture() override { return false; }
  Result<> open_target() override { return {}; }
  Result<> close_target() override { return {}; }
  Result<> save_target() override { return {}; }
  Result<> restore_target() override { return {}; }
  Result<> migrate_all() override { return {}; }
  Result<> take_up() override { return {}; }
  Result<RoundReport> round() override { return RoundReport{}; }
  Result<RoundReport> thorough_round() override { return RoundReport{}; }
  Result<Pending> pending() override { return Pending{}; }
  [[nodiscard]] std::string frozen_set() const override { return {}; }
  Result<> fence(Millis) override { return {}; }
  Result<bool> unfence() override { return true; }
  Result<RoundReport> last_round() override { return RoundReport{}; }
  Result<> make_durable() override { return {}; }
  Result<Verification> verify() override { return Verification{}; }

  std::deque<Result<Comparison>> parts;
  int asked = 0;

 private:
  std::string name_;
};

struct Warned final : Observer {
  void warn(const std::string& text) override { texts.push_back(text); }
  std::vector<std::string> texts;
};

struct Ready {
  Ready() {
    for (const auto* name : {"a", "b"}) sets.push_back(std::make_unique<ComparedSet>(name));
  }
  ComparedSet& set(std::size_t i) { return static_cast<ComparedSet&>(*sets[i]); }
  void turns(int count) {
    for (; count > 0; --count) REQUIRE(comparison.go_on());
  }
  std::vector<std::pair<std::string, json>> events() {
    std::vector<std::pair<std::string, json>> rows;
    REQUIRE(read_run(store->audit(), "r1", [&](const AuditRow& row) -> Result<> {
      rows.emplace_back(row.event, json::parse(row.facts));
      return {};
    }));
    return rows;
  }
  BackgroundComparison::Sets sets;
  std::unique_ptr<Store> store = make_memory_store();
  test::LogicalClock clock;
  Warned observer;
  Ledger ledger{*store, clock, observer, "r1", "tester"};
  BackgroundComparison comparison{sets, ledger, clock};
};

Comparison part(std::uint64_t paths, std::uint64_t bytes, bool finished, std::vector<std::string> differing = {}) {
  return {paths, bytes, std::move(differing), finished};
}

}  // namespace

TEST_CASE("sets take turns, a part at a time, and each is recorded when it is through", "[comparison]") {
  Ready ready;
  ready.set(0).parts = {part(2, 20, false), part(3, 30, true)};
  ready.set(1).parts = {part(5, 50, true)};
  ready.turns(1);
  CHECK(ready.set(0).asked == 1);
  CHECK(ready.set(1).asked == 0);
  ready.turns(2);
  CHECK(ready.set(0).asked == 2);
  CHECK(ready.set(1).asked == 1);
  const auto events = ready.events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].first == "data.compared");
  CHECK(events[0].second == json{{"set", "b"}, {"paths", 5}, {"bytes", 50}, {"differing", 0}});
  CHECK(events[1].second == json{{"set", "a"}, {"paths", 5}, {"bytes", 50}, {"differing", 0}});
  SECTION("then nothing is read for a while") {
    ready.turns(10);
    CHECK(ready.set(0).asked == 2);
    CHECK(ready.set(1).asked == 1);
  }
  SECTION("and after it everything again") {
    ready.clock.sleep(std::chrono::minutes{20});
    ready.turns(2);
    CHECK(ready.set(0).asked == 3);
    CHECK(ready.set(1).asked == 2);
  }
  CHECK(ready.observer.texts.empty());
}

TEST_CASE("what differs is named to the person and in the audit log", "[comparison]") {
  Ready ready;
  ready.set(0).parts = {part(2, 20, true, {"rotten", "\xff"})};
  ready.turns(1);
  REQUIRE(ready.observer.texts.size() == 1);
  CHECK(ready.observer.texts[0].find("data set a: 2 paths differ") != std::string::npos);
  CHECK(ready.observer.texts[0].find("\n  rotten\n") != std::string::npos);
  const auto events = ready.events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].first == "data.differs");
  CHECK(events[0].second.at("count") == 2);
  CHECK(events[0].second.at("paths").at(0) == "rotten");
  CHECK(events[1].first == "data.compared");
  CHECK(events[1].second.at("differing") == 2);
}

TEST_CASE("a comparison that fails is said, ends nothing, and goes on later", "[comparison]") {
  Ready ready;
  ready.set(0).parts = {part(2, 20, false), fail(Code::io, "cannot read it"), part(3, 30, true)};
  ready.turns(10);
  CHECK(ready.set(0).asked == 2);
  REQUIRE(ready.observer.texts.size() == 1);
  CHECK(ready.observer.texts[0].find("cannot read it") != std::string::npos);
  auto events = ready.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].first == "data.not_compared");
  CHECK(events[0].second.at("set") == "a");
  ready.clock.sleep(std::chrono::minutes{20});
  ready.turns(2);
  events = ready.events();
  REQUIRE(events.size() == 2);
  CHECK(events[1].second == json{{"set", "a"}, {"paths", 5}, {"bytes", 50}, {"differing", 0}});
}

TEST_CASE("sets that are compared whole at each cutover leave no trace", "[comparison]") {
  Ready ready;
  ready.turns(5);
  CHECK(ready.events().empty());
}
