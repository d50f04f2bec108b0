#include "migration/hook_side.hpp"

#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "catch.hpp"
#include "hook_machine.hpp"

namespace moult {
namespace {

using Catch::Contains;
using test::HookMachine;

Argv script(const std::string& text) { return {"sh", "-c", text}; }

const HookRound kRound{2, 1, false};

struct Bench {
  HookMachine machine;
  HookSet set = test::ledger_set();
  std::string file = machine.root() + "/host.stream";

  Result<HookStream> round(const std::string& text) {
    set.commands.round = script(text);
    return HookSide(set, machine).round(kRound, file, false);
  }
  Error round_error(const std::string& text) {
    const auto stream = round(text);
    REQUIRE_FALSE(stream);
    return stream.error();
  }
};

TEST_CASE("a command learns what it is run for from its environment") {
  Bench bench;
  const auto stream = bench.round("env | grep ^MOULT_ | grep -v ^MOULT_COMMAND | sort; pwd");
  REQUIRE(stream);
  const auto state = bench.machine.root() + "/memory/hooks/ledger.book";
  CHECK(stream->bytes ==
        "MOULT_DATA_SET=ledger.book\nMOULT_DIRECTION=forward\nMOULT_HOOK=round\nMOULT_HOOKS_VERSION=1\nMOULT_ROUND=2\n"
        "MOULT_ROUND_LIMIT=67108864\nMOULT_RUN=r1\nMOULT_SINCE=1\nMOULT_STATE=" +
            state + "\nMOULT_WHOLE=no\n/\n");
  CHECK(bench.machine.has(state));
  CHECK_FALSE(bench.machine.has(bench.set.spool));
}

TEST_CASE("the exit codes of round: all, unknown, more; any other is named with the last line of what it said") {
  Bench bench;
  CHECK(bench.round("echo x")->answer == HookAnswer::all);
  CHECK(bench.round("exit 3")->answer == HookAnswer::unknown);
  CHECK(bench.round("echo x; exit 4")->answer == HookAnswer::more);
  const auto error = bench.round_error("echo some; echo first >&2; echo the log is gone >&2; exit 5");
  CHECK(error.code == Code::failed);
  CHECK(error.message == "data set ledger.book: hook round (sh) ended with 5: the log is gone");
  CHECK_FALSE(error.remedy.empty());
  CHECK_THAT(bench.round_error("exit 4").message, Contains("there is more, and printed nothing"));
  CHECK_THAT(bench.round_error("kill -9 $$").message, Contains("ended with 137"));
  bench.set.commands.round = {"/no/such/program"};
  const auto missing = HookSide(bench.set, bench.machine).round(kRound, bench.file, false);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
  CHECK_THAT(missing.error().message, Contains("/no/such/program cannot be run"));
}

TEST_CASE("a round that prints a gigabyte is stopped at its limit, and neither side keeps it") {
  Bench bench;
  bench.set.largest = 1U << 20U;
  const auto error = bench.round_error("head -c 1073741824 /dev/zero");
  CHECK(error.code == Code::refused);
  CHECK_THAT(error.message, Contains("printed more than 1 MiB, and was stopped"));
  CHECK(std::filesystem::file_size(bench.machine.root() + "/disk/hooks/ledger.book.stream") == (1U << 20U) + 1);
  REQUIRE(HookSide(bench.set, bench.machine).end());
  CHECK_FALSE(bench.machine.has("/@/disk/hooks"));
}

TEST_CASE("a command that never ends is killed with all that it started") {
  Bench bench;
  bench.set.timeout = Millis{300};
  const auto error = bench.round_error("sleep 1000 & sleep 1000");
  CHECK(error.code == Code::timeout);
  CHECK(error.message == "data set ledger.book: hook round did not end within 0.300 s and was killed");
}

TEST_CASE("a large round goes through files on both sides, whole, and leaves none") {
  Bench bench;
  const auto stream = bench.round("head -c 5000000 /dev/urandom | tee $MACHINE/sent");
  REQUIRE(stream);
  CHECK(stream->file == bench.file);
  CHECK(stream->size == 5000000);
  CHECK_FALSE(bench.machine.has("/@/disk/hooks/ledger.book.stream") == false);
  bench.set.commands.replay = script("cat >$MACHINE/received");
  REQUIRE(HookSide(bench.set, bench.machine).replay(kRound, *stream));
  const auto same = [&](const std::string& a, const std::string& b) {
    std::ifstream one(a, std::ios::binary), two(b, std::ios::binary);
    return std::equal(std::istreambuf_iterator<char>(one), {}, std::istreambuf_iterator<char>(two), {});
  };
  CHECK(same(bench.machine.root() + "/sent", bench.machine.root() + "/received"));
  CHECK_FALSE(bench.machine.has("/@/disk/hooks/ledger.book.stream"));
}

TEST_CASE("bytes of any kind survive a small round") {
  Bench bench;
  const auto stream = bench.round(R"(printf 'a\000\377\n\n')");
  REQUIRE(stream);
  bench.set.commands.replay = script("cat >$MACHINE/received");
  REQUIRE(HookSide(bench.set, bench.machine).replay(kRound, *stream));
  std::ifstream file(bench.machine.root() + "/received", std::ios::binary);
  const std::string received(std::istreambuf_iterator<char>(file), {});
  CHECK(received == std::string("a\0\377\n\n", 5));
}

TEST_CASE("an answer that was cut on its way is an error, never a shorter round") {
  Bench bench;
  bench.machine.tamper = [](const Command&, Result<Outcome> outcome) {
    outcome->out.resize(outcome->out.size() - 1);
    return outcome;
  };
  CHECK_THAT(bench.round_error("echo 12345").message, Contains("5 of 6 bytes arrived"));
  bench.machine.tamper = [](const Command&, Result<Outcome> outcome) {
    outcome->out.clear();
    return outcome;
  };
  CHECK_THAT(bench.round_error("echo 12345").message, Contains("no answer"));
}

TEST_CASE("a digest is one line, no more and no less") {
  Bench bench;
  const auto verify = [&](const std::string& text) {
    bench.set.commands.verify = script(text);
    return HookSide(bench.set, bench.machine).verify();
  };
  CHECK(*verify("echo abc") == "abc");
  CHECK_FALSE(verify("true"));
  CHECK_FALSE(verify("echo a; echo b"));
  CHECK_FALSE(verify("head -c 300 /dev/zero | tr '\\000' a"));
  CHECK_FALSE(verify("echo a; exit 1"));
}

TEST_CASE("quiesce holds writers until resume, which knows that it held; asked again it says the same") {
  Bench bench;
  HookSide side(bench.set, bench.machine);
  REQUIRE(bench.machine.ledger({"set", "a", "1"}) == 0);
  REQUIRE(side.quiesce(7, Millis{60000}));
  CHECK(bench.machine.ledger({"set", "a", "2"}, Millis{500}) != 0);
  CHECK(*side.resume(7));
  CHECK(*side.resume(7));
  CHECK(bench.machine.ledger({"set", "a", "3"}) == 0);
  CHECK(bench.machine.content() == "SET\ta\t3\n");
}

TEST_CASE("resume that knows of somebody who let writers go before says so with 3: the fence had not held") {
  Bench bench;
  bench.set.commands.resume = script("exit 3");
  HookSide side(bench.set, bench.machine);
  REQUIRE(side.quiesce(7, Millis{60000}));
  CHECK_FALSE(*side.resume(7));
  bench.set.commands.resume = script("exit 4");
  CHECK_THAT(side.resume(7).error().message, Contains("hook resume (sh) ended with 4"));
}

TEST_CASE("an application is told to follow at the port of the tunnel, and later nobody") {
  Bench bench;
  bench.set.port = 6379;
  bench.set.commands.follow = script("echo $MOULT_HOOK $MOULT_TUNNEL_PORT >$MACHINE/told");
  bench.set.commands.promote = script("echo none ${MOULT_TUNNEL_PORT-} >>$MACHINE/told");
  HookSide side(bench.set, bench.machine);
  REQUIRE(side.follow(40123));
  REQUIRE(side.promote());
  std::ifstream told(bench.machine.root() + "/told");
  CHECK(std::string(std::istreambuf_iterator<char>(told), {}) == "follow 40123\nnone\n");
  bench.set.commands.follow = script("echo who is there >&2; exit 1");
  const auto error = side.follow(40123).error();
  CHECK(error.message == "data set ledger.book: hook follow (sh) ended with 1: who is there");
  CHECK_THAT(error.remedy, Contains("--rehearse"));
}

TEST_CASE("a follow that an earlier process left behind ends before the next one begins") {
  Bench bench;
  bench.set.port = 6379;
  bench.set.commands.follow = script("echo $MOULT_TUNNEL_PORT >>$MACHINE/told; sleep $((MOULT_TUNNEL_PORT - 1))");
  HookSide side(bench.set, bench.machine);
  auto left = std::async(std::launch::async, [&] { return HookSide(bench.set, bench.machine).follow(1000); });
  while (!bench.machine.has("/@/told")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(side.follow(1));
  REQUIRE(left.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK_THAT(left.get().error().message, Contains("ended with 137"));
  REQUIRE(side.follow(1));  // nothing is left of either
}

TEST_CASE("writers go on when the lease is over though nobody resumes, and resume says that it had not held") {
  Bench bench;
  HookSide side(bench.set, bench.machine);
  REQUIRE(side.quiesce(7, Millis{5000}));
  CHECK(bench.machine.ledger({"set", "a", "1"}, Millis{300}) != 0);
  CHECK(bench.machine.ledger({"set", "a", "2"}, Millis{60000}) == 0);  // waits for the watcher
  CHECK_FALSE(*side.resume(7));
}

TEST_CASE("a quiesce that hangs is killed by the watcher before it resumes, also when nobody else can") {
  Bench bench;
  bench.set.commands.quiesce = script("sleep 2; touch $MACHINE/late");
  bench.set.commands.resume = script("touch $MACHINE/resumed");
  HookSide side(bench.set, bench.machine);
  const auto error = side.quiesce(7, Millis{500});
  REQUIRE_FALSE(error);
  CHECK(error.error().code == Code::timeout);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  CHECK(bench.machine.has("/@/resumed"));
  CHECK_FALSE(bench.machine.has("/@/late"));
}

TEST_CASE("a quiesce that hangs when its helper has died is killed by the watcher alone") {
  Bench bench;
  bench.machine.timeless = true;
  bench.set.commands.quiesce = script("sleep 3; touch $MACHINE/late");
  bench.set.commands.resume = script("touch $MACHINE/resumed");
  const auto begin = std::chrono::steady_clock::now();
  const auto quiesced = HookSide(bench.set, bench.machine).quiesce(7, Millis{500});
  REQUIRE_FALSE(quiesced);
  CHECK_THAT(quiesced.error().message, Contains("ended with 137"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(2500));
  for (int i = 0; i < 400 && !bench.machine.has("/@/resumed"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(bench.machine.has("/@/resumed"));
  CHECK_FALSE(bench.machine.has("/@/late"));
}

TEST_CASE("end takes away what moult keeps, runs the vendor's command, and may be run again") {
  Bench bench;
  bench.set.commands.end = script("test -d $MOULT_STATE && echo x >>$MACHINE/ended");
  HookSide side(bench.set, bench.machine);
  REQUIRE(side.capture(1));
  REQUIRE(side.end());
  REQUIRE(side.end());
  CHECK_FALSE(bench.machine.has(bench.set.state));
  bench.set.commands.end = script("echo in use >&2; exit 1");
  CHECK_THAT(side.end().error().message, Contains("hook end (sh) ended with 1: in use"));
}

}  // namespace
}  // namespace moult
