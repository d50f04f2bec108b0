#include "migration/hooks_strategy.hpp"

#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "hook_machine.hpp"

namespace moult {
namespace {

using Catch::Contains;
using test::HookMachine;

struct Pair {
  HookMachine source, target;
  std::unique_ptr<Clock> clock = make_system_clock();
  HookSet set = test::ledger_set();
  std::string spool = source.root() + "/host";

  HooksStrategy strategy() {
    return HooksStrategy({set, [this]() -> Result<GuestSession*> { return &source; },
                          [this]() -> Result<GuestSession*> { return &target; }, spool},
                         *clock);
  }
  /// The way back: the same commands with the sides exchanged.
  HooksStrategy back(bool one_way = false) {
    auto other = set;
    other.name += "~back";
    other.state += "~back";
    other.back = true;
    return HooksStrategy({other, [this]() -> Result<GuestSession*> { return &target; },
                          [this]() -> Result<GuestSession*> { return &source; }, spool + ".back", one_way},
                         *clock);
  }
  /// A clone: the same data.
  void clone() {
    std::filesystem::remove_all(target.root() + "/data");
    std::filesystem::copy(source.root() + "/data", target.root() + "/data");
  }
  /// The key "a" is there, changes are noticed, and the clone was made.
  HooksStrategy cloned() {
    write("a", "1");
    auto there = strategy();
    REQUIRE(there.start_capture());
    clone();
    return there;
  }
  void write(const std::string& key, const std::string& value) { REQUIRE(source.ledger({"set", key, value}) == 0); }
  bool equal() { return source.content() == target.content(); }
};

/// Loses the answers to a hook, so that only the caller does not know what happened.
auto losing(const std::string& hook) {
  return [hook](const Command& command, Result<Outcome> outcome) -> Result<Outcome> {
    const auto found = command.env.find("MOULT_HOOK");
    if (found == command.env.end() || found->second != hook) return outcome;
    return Unexpected(Error{Code::unreachable, "the connection broke", {}, {}, Disposition::ambiguous});
  };
}

TEST_CASE("a hooks set is carried under writes, fenced, verified and let go") {
  Pair pair;
  pair.write("a", "1");
  auto there = pair.strategy();
  REQUIRE(there.start_capture());
  pair.write("b", "2");  // between capture and snapshot: carried though the clone has it
  pair.clone();
  REQUIRE(there.open_target());
  pair.write("c", "3");
  const auto first = there.round();
  REQUIRE(first);
  CHECK(first->number == 1);
  CHECK(first->bytes == std::string("SET\tb\t2\nSET\tc\t3\n").size());
  CHECK_FALSE(first->scanned);
  CHECK(pair.equal());
  CHECK(there.round()->bytes == 0);
  pair.write("a", "4");
  REQUIRE(pair.source.ledger({"del", "b"}) == 0);
  REQUIRE(there.fence(Millis{60000}));
  REQUIRE(there.last_round());
  REQUIRE(there.make_durable());
  CHECK(there.verify()->equal);
  CHECK(*there.unfence());
  CHECK(*there.unfence());
  CHECK(pair.target.content() == "SET\ta\t4\nSET\tc\t3\n");
  REQUIRE(there.stop_capture());
}

TEST_CASE("the way back brings home what was written on the other side, and nothing else changes") {
  Pair pair;
  pair.write("a", "1");
  pair.clone();
  auto back = pair.back();
  REQUIRE(back.start_capture());
  REQUIRE(pair.target.ledger({"set", "new", "x"}) == 0);
  REQUIRE(pair.target.ledger({"del", "a"}) == 0);
  REQUIRE(back.fence(Millis{60000}));
  REQUIRE(back.last_round());
  CHECK(back.verify()->equal);
  CHECK(*back.unfence());
  CHECK(pair.source.content() == "SET\tnew\tx\n");
  CHECK(pair.target.ran.front().env.at("MOULT_DIRECTION") == "reverse");
}

TEST_CASE("what a writer did on the sealed original when it was let go gives way at the rollback") {
  Pair pair;
  pair.write("a", "1");
  pair.clone();
  auto back = pair.back();
  REQUIRE(back.start_capture());
  pair.write("never-acknowledged", "x");
  REQUIRE(pair.target.ledger({"set", "new", "y"}) == 0);
  CHECK(back.thorough_round()->scanned);
  CHECK_FALSE(back.round()->scanned);
  REQUIRE(back.last_round());
  CHECK(pair.source.content() == "SET\ta\t1\nSET\tnew\ty\n");
}

TEST_CASE("a set without a way back captures nothing, and does not say that nothing was written") {
  Pair pair;
  auto back = pair.back(true);
  REQUIRE(back.start_capture());
  CHECK(pair.target.ran.empty());
  CHECK(back.pending().error().code == Code::refused);
}

TEST_CASE("a round whose answer was lost, or whose replay's was, is asked again from the same moment") {
  const auto* hook = GENERATE("round", "replay");
  Pair pair;
  auto there = pair.cloned();
  pair.write("a", "2");
  auto& machine = std::string(hook) == "round" ? pair.source : pair.target;
  machine.tamper = losing(hook);
  const auto lost = there.round();
  REQUIRE_FALSE(lost);
  CHECK(lost.error().disposition == Disposition::ambiguous);
  machine.tamper = nullptr;
  pair.write("b", "3");
  const auto again = there.round();
  REQUIRE(again);
  CHECK(again->bytes == std::string("SET\ta\t2\nSET\tb\t3\n").size());
  CHECK(pair.equal());
}

TEST_CASE("a later process goes on from the moment that the one before had carried") {
  Pair pair;
  pair.write("a", "1");
  {
    auto first = pair.strategy();
    REQUIRE(first.start_capture());
    pair.clone();
    pair.write("b", "2");
    REQUIRE(first.round());
  }
  pair.write("c", "3");
  auto second = pair.strategy();
  REQUIRE(second.take_up());
  const auto round = second.round();
  REQUIRE(round);
  CHECK(round->bytes == std::string("SET\tc\t3\n").size());
  CHECK(pair.equal());
}

TEST_CASE("where the moment is lost on this host, or the source forgot it, all is carried, and what is gone goes") {
  Pair pair;
  auto there = pair.cloned();
  REQUIRE(pair.target.ledger({"set", "stray", "x"}) == 0);
  pair.write("b", "2");
  SECTION("the source forgot: its memory is gone") {
    std::filesystem::remove_all(pair.source.root() + "/memory");
    const auto round = there.round();
    REQUIRE(round);
    CHECK(round->scanned);
    CHECK_THAT(round->scan_reason, Contains("does not know"));
  }
  SECTION("a process without the file") {
    std::filesystem::remove(pair.spool + ".moment");
    auto later = pair.strategy();
    REQUIRE(later.keep_capture());
    REQUIRE(later.take_up());
    const auto round = later.round();
    REQUIRE(round);
    CHECK(round->scanned);
  }
  CHECK(pair.equal());
}

TEST_CASE("digests that differ under the fence make the next round carry all") {
  Pair pair;
  auto there = pair.cloned();
  REQUIRE(pair.target.ledger({"set", "stray", "x"}) == 0);
  REQUIRE(there.round());
  CHECK_FALSE(there.verify()->equal);  // nobody is stopped: it says nothing
  CHECK_FALSE(there.round()->scanned);
  REQUIRE(there.fence(Millis{60000}));
  REQUIRE(there.last_round());
  CHECK_FALSE(there.verify()->equal);
  REQUIRE(there.unfence());
  CHECK(there.round()->scanned);
  CHECK(there.verify()->equal);
}

TEST_CASE("a round in parts is asked until it has printed all") {
  Pair pair;
  pair.set.largest = 100;
  auto there = pair.cloned();
  for (int i = 0; i < 12; ++i) pair.write("key" + std::to_string(i), "some value " + std::to_string(i));
  REQUIRE(there.last_round());
  CHECK(pair.equal());
}

TEST_CASE("all that the set holds comes in parts too, and what is written meanwhile behind it") {
  Pair pair;
  pair.set.largest = 100;
  for (int i = 0; i < 8; ++i) pair.write("key" + std::to_string(i), "some value " + std::to_string(i));
  auto there = pair.strategy();
  REQUIRE(there.start_capture());
  pair.clone();
  REQUIRE(pair.target.ledger({"set", "stray", "x"}) == 0);
  std::filesystem::remove_all(pair.source.root() + "/memory");
  bool wrote = false;
  pair.target.tamper = [&](const Command&, Result<Outcome> outcome) {
    if (!std::exchange(wrote, true)) pair.write("key0", "written while it was carried");
    return outcome;
  };
  REQUIRE(there.last_round());
  CHECK(wrote);
  CHECK(pair.equal());
}

TEST_CASE("under the fence no command outlives the lease") {
  Pair pair;
  auto there = pair.strategy();
  pair.write("a", "1");
  REQUIRE(there.start_capture());
  pair.clone();
  pair.set.commands.round = {"sleep", "100"};
  auto slow = pair.strategy();
  REQUIRE(slow.fence(Millis{6000}));
  const auto begin = pair.clock->steady();
  const auto round = slow.last_round();
  REQUIRE_FALSE(round);
  CHECK(round.error().code == Code::timeout);
  CHECK(pair.clock->steady() - begin < std::chrono::seconds(30));
  REQUIRE(slow.unfence());  // whether it had held is a race with the watcher, which either may win
  CHECK(pair.source.ledger({"set", "a", "2"}) == 0);
}

TEST_CASE("an answer that comes when the lease is over is no fence that held, though nobody resumed before") {
  Pair pair;
  pair.set.commands.resume = {"sleep", "1"};
  auto there = pair.strategy();
  REQUIRE(there.fence(Millis{3000}));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  const auto held = there.unfence();
  REQUIRE(held);
  CHECK_FALSE(*held);
}

TEST_CASE("a round that always has more is given up under the fence, and goes on later otherwise") {
  Pair pair;
  pair.write("a", "1");
  pair.set.commands.round = {"sh", "-c", "printf 'SET\\ta\\t1\\n'; exit 4"};
  auto there = pair.strategy();
  REQUIRE(there.start_capture());
  pair.clone();
  REQUIRE(there.round());
  CHECK(there.pending()->overflow);
}

}  // namespace
}  // namespace moult
