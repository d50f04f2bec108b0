#include "migration/hooks_check.hpp"

#include <algorithm>

#include "catch.hpp"
#include "hook_machine.hpp"

namespace moult {
namespace {

using Catch::Contains;
using test::HookMachine;
using Verdict = HookRow::Verdict;

struct Bench {
  HookMachine machine;
  HookSet set = test::ledger_set();
  std::unique_ptr<Clock> clock = make_system_clock();
  std::optional<HookSet> back;
  Millis short_lease{0};
  Argv write{set.commands.round.front(), "set", "probe", "x"};

  Bench() {
    REQUIRE(machine.ledger({"set", "a", "1"}) == 0);
    write = {"sh", "-c", set.commands.round.front() + " set probe $MOULT_WRITE"};
  }
  std::vector<HookRow> rows() {
    auto rows = check_hooks({set, back}, machine,
                            {write, machine.root() + "/host", Millis{500}, Millis{120000}, short_lease}, *clock);
    REQUIRE(rows);
    return *rows;
  }
  /// The reasons of the rows that are bad.
  std::string bad() {
    std::string text;
    for (const auto& row : rows())
      if (row.verdict == Verdict::bad) text += row.check + ": " + row.reason + "\n";
    return text;
  }
  /// The sample's own way back, by the same commands.
  HookSet& with_way_back() {
    back = set;
    back->name += "~back";
    back->back = true;
    back->state += "~back";
    back->spool = "/@/disk/hooks/" + back->name + ".stream";
    return *back;
  }
  /// The sample with one hook in a wrong form.
  void spoil(Argv HookCommands::*hook, const std::string& text) { spoil(set, hook, text); }
  void spoil(HookSet& one, Argv HookCommands::*hook, const std::string& text) {
    const auto program = one.commands.round.front();
    one.commands.*hook = {"sh", "-c", "ledger() { " + program + " \"$@\"; }; " + text};
  }
};

TEST_CASE("the sample keeps the whole contract, and nothing is left in the guest") {
  Bench bench;
  bench.short_lease = Millis{5000};
  bench.with_way_back();
  const auto rows = bench.rows();
  CHECK(rows.size() == 14 + 13);
  CHECK(rows[14].check == "way back: " + rows[0].check);
  for (const auto& row : rows) {
    INFO(row.check << ": " << row.reason);
    CHECK(row.verdict == Verdict::good);
  }
  CHECK_FALSE(bench.machine.has(bench.set.state));
  CHECK_FALSE(bench.machine.has(bench.back->state));
  CHECK_FALSE(bench.machine.has("/@/disk/hooks"));
}

TEST_CASE("without a command that writes, what needs one is said not to be checked") {
  Bench bench;
  bench.write.clear();
  const auto rows = bench.rows();
  CHECK(std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.verdict == Verdict::unchecked; }) ==
        7 + 1);
  CHECK(std::none_of(rows.begin(), rows.end(), [](const auto& row) { return row.verdict == Verdict::bad; }));
}

TEST_CASE("each promise that is broken is found, by name") {
  Bench bench;
  SECTION("a round that forgets to say that it does not know") {
    bench.spoil(&HookCommands::round, "ledger hook round; c=$?; [ $c = 3 ] && exit 0; exit $c");
    CHECK_THAT(bench.bad(), Contains("a moment that is not known ends with 3"));
  }
  SECTION("a round that prints a header even for nothing") {
    bench.spoil(&HookCommands::round, "ledger hook round >$MOULT_STATE/o; c=$?; cat $MOULT_STATE/o; exit $c");
    CHECK(bench.bad().empty());
    bench.spoil(&HookCommands::round, "printf 'SET\\theader\\t1\\n'; ledger hook round");
    CHECK_THAT(bench.bad(), Contains("a round without a change prints nothing"));
  }
  SECTION("a replay that only adds") {
    bench.spoil(&HookCommands::replay, "MOULT_WHOLE=no ledger hook replay");
    CHECK_THAT(bench.bad(), Contains("a whole replay takes away what is not in it"));
  }
  SECTION("a replay that loses") {
    bench.spoil(&HookCommands::replay,
                "[ $MOULT_WHOLE = yes ] && exec " + bench.set.commands.round.front() + " hook replay; cat >/dev/null");
    CHECK_THAT(bench.bad(), Contains("replay brings what was written"));
  }
  SECTION("a digest of nothing") {
    bench.set.commands.verify = {"echo", "equal"};
    CHECK_THAT(bench.bad(), Contains("a write changes the digest"));
  }
  SECTION("a digest that differs each time") {
    bench.set.commands.verify = {"sh", "-c", "date +%N"};
    CHECK_THAT(bench.bad(), Contains("verify prints one line"));
  }
  SECTION("a quiesce that stops nobody") {
    bench.set.commands.quiesce = {"true"};
    CHECK_THAT(bench.bad(), Contains("while writers are stopped no write comes through"));
  }
  SECTION("a quiesce that stops nobody, where a write takes longer than one that is blocked is given at least") {
    bench.set.commands.quiesce = {"true"};
    bench.write.back() = "sleep 0.7; " + bench.write.back();
    CHECK_THAT(bench.bad(), Contains("while writers are stopped no write comes through"));
  }
  SECTION("a quiesce that never ends") {
    bench.set.timeout = Millis{4000};
    bench.set.commands.quiesce = {"sleep", "1000"};
    CHECK_THAT(bench.bad(), Contains("hook quiesce did not end within"));
  }
  SECTION("a resume that lets nobody go") {
    bench.set.timeout = Millis{3000};
    bench.set.commands.resume = {"true"};
    CHECK_THAT(bench.bad(), Contains("resume lets writers go on"));
  }
  SECTION("an end that fails the second time") {
    bench.spoil(&HookCommands::end, "rm $LEDGER_RUN/../data/log");
    CHECK_THAT(bench.bad(), Contains("end ends well, also twice"));
  }
}

TEST_CASE("commands of the way back are told that they are, and what they break is found under its name") {
  Bench bench;
  auto& back = bench.with_way_back();
  SECTION("a replay of its own that loses what was written on the clone") {
    bench.spoil(back, &HookCommands::replay, "[ $MOULT_WHOLE = yes ] && { ledger hook replay; exit; }; cat >/dev/null");
    CHECK_THAT(bench.bad(), Catch::StartsWith("way back: replay brings what was written"));
  }
  SECTION("a replay that fails on the way back alone") {
    bench.spoil(back, &HookCommands::replay,
                "[ $MOULT_DIRECTION = reverse ] && { echo no way back >&2; exit 9; }; ledger hook replay");
    const auto bad = bench.bad();
    CHECK_THAT(bad, Catch::StartsWith("way back: a whole round prints all"));
    CHECK_THAT(bad, Contains("no way back"));
  }
}

TEST_CASE("a set without a way back is said to have none") {
  Bench bench;
  const auto last = bench.rows().back();
  CHECK(last.check == "way back");
  CHECK(last.verdict == Verdict::unchecked);
  CHECK_THAT(last.reason, Contains("a rollback loses what is written after the cutover"));
}

}  // namespace
}  // namespace moult
