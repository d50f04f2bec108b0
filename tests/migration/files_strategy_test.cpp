#include "migration/files_strategy.hpp"

#include <unistd.h>

#include <chrono>

#include "catch.hpp"
#include "logical_clock.hpp"
#include "recorded_side.hpp"
#include "support/large_file.hpp"
#include "support/mapped.hpp"
#include "support/pair.hpp"
#include "support/sandbox.hpp"

namespace moult {
namespace {

using test::let_settle;
using test::LogicalClock;
using test::Mapped;
using test::read_file;
using test::RecordedSide;
using test::Sandbox;
using test::set_times;
using test::why;
using test::write_file;
using test::write_into;
using Asked = std::vector<std::string>;

/// A set of one large file, `db`, which both sides have, and of a small one that the clone came with. A call takes time
/// where it is said to: the file's way whole did.
struct Sides {
  Sides() {
    write_file(from + "/db", std::string(1 << 20, 'd') + "end");
    for (const auto& side : {from, to}) set_times(side + "/quiet", 1'700'000'000, 0);
    auto here = named(), there = named();
    here.root = from;
    there.root = to;
    there.conflict = {{"*", ConflictRule::keep_original, {}}};
    REQUIRE(source.start_capture({here}));
    REQUIRE(target.open_target(there));
    slow("apply");
    round(&DataStrategy::round);
    slow("nothing");
    change();
    round(&DataStrategy::round);
    forget();
  }
  RoundReport round(Result<RoundReport> (DataStrategy::*how)()) {
    auto report = (strategy.*how)();
    INFO(why(report));
    REQUIRE(report);
    return *report;
  }
  /// From now on this call to the target takes long.
  void slow(std::string call) {
    target.before = [this, call = std::move(call)](const std::string& asked) {
      if (asked == call) clock.sleep(Millis{200});
    };
  }
  void change() { write_into(from + "/db", 70'000, "changed " + std::to_string(++changes)); }
  void forget() {
    source.asked();
    target.asked();
  }
  void require_equal() {
    const auto verified = strategy.verify();
    REQUIRE(verified);
    REQUIRE(verified->equal);
    for (const auto* file : {"/db", "/quiet"}) REQUIRE((read_file(from + file) == read_file(to + file)));
  }
  std::string from = Sandbox::get().directory("from"), to = Sandbox::get().directory("to");
  Mapped unseen{with_quiet()};  ///< of the clone's
  int changes = 0;
  RecordedSide source, target;
  LogicalClock clock;
  std::unique_ptr<Workers> workers = make_thread_workers(1);  // calls are counted by no lock
  FilesStrategy strategy{{named(),
                          [this]() -> Result<GuestSession*> { return &source; },
                          [this]() -> Result<GuestSession*> { return &target; },
                          {},
                          {},
                          Millis{0},
                          false,
                          1 << 20},
                         clock,
                         *workers};

 private:
  std::string with_quiet() {
    for (const auto& side : {from, to}) write_file(side + "/quiet", "quiet");
    return to + "/quiet";
  }
  static FileSet named() {
    FileSet one;
    one.name = "data";
    return one;
  }
};

}  // namespace

TEST_CASE("under the fence the signature of a file that changes again and again is there already") {
  Sides sides;
  sides.change();
  CHECK(sides.round(&DataStrategy::round).bytes < 100'000);
  CHECK(sides.target.asked() == Asked{"apply", "signatures"});
  sides.change();
  CHECK(sides.round(&DataStrategy::last_round).bytes < 100'000);
  CHECK(sides.target.asked() == Asked{"apply"});
  sides.require_equal();
  SECTION("after a cutover that was given up it is fetched anew") {
    sides.change();
    CHECK(sides.round(&DataStrategy::round).bytes < 100'000);
    CHECK(sides.target.asked() == Asked{"signatures", "apply", "signatures"});
    sides.require_equal();
  }
}

TEST_CASE("a signature that is held is forgotten with the version that it is of") {
  Sides sides;
  write_file(sides.from + "/other", std::string(1 << 20, 'o'));
  sides.round(&DataStrategy::round);
  ::unlink((sides.from + "/db").c_str());
  write_file(sides.from + "/db", "begun anew");
  sides.round(&DataStrategy::round);
  write_file(sides.from + "/db", std::string(1 << 20, 'g') + "rown");
  sides.forget();
  sides.round(&DataStrategy::last_round);
  CHECK(sides.target.asked() == Asked{"signatures", "apply"});  // and not compared whole under the fence
  sides.require_equal();
}

TEST_CASE("under the fence a large file goes whole where its differences took longer than that") {
  Sides sides;
  const auto whole = [&] {
    write_file(sides.from + "/new", std::string(1 << 20, 'n') + std::to_string(++sides.changes));
    REQUIRE(sides.round(&DataStrategy::round).bytes > 1'000'000);
  };
  const auto difference = [&] {
    sides.change();
    REQUIRE(sides.round(&DataStrategy::round).bytes < 100'000);
  };
  SECTION("differences are slow") {
    whole();
    sides.slow("apply");
    difference();
    sides.change();
    CHECK(sides.round(&DataStrategy::last_round).bytes > 1'000'000);
    sides.require_equal();
    sides.change();  // after a cutover that was given up they save bytes again
    CHECK(sides.round(&DataStrategy::round).bytes < 100'000);
  }
  SECTION("the channel is slow") {
    sides.slow("apply");
    whole();
    sides.slow("nothing");
    difference();
    sides.change();
    CHECK(sides.round(&DataStrategy::last_round).bytes < 100'000);
  }
  sides.require_equal();
}

TEST_CASE("a file that has no signature on the target is not asked for again behind the round") {
  Sides sides;
  write_file(sides.from + "/new", std::string(2 << 20, 'n'));
  sides.round(&DataStrategy::round);
  CHECK(sides.target.asked() == Asked{"signatures", "apply"});
  sides.require_equal();
}

TEST_CASE("where there are no large files nobody is asked for them") {
  Sides sides;
  ::unlink((sides.from + "/db").c_str());
  sides.round(&DataStrategy::round);
  sides.forget();
  write_file(sides.from + "/small", "small");
  sides.round(&DataStrategy::round);
  CHECK(sides.source.asked() == Asked{"emit"});
  CHECK(sides.target.asked() == Asked{"apply"});
}

TEST_CASE("a large file that the target changes under a round goes whole in the same round") {
  Sides sides;
  sides.change();
  bool done = false;
  sides.target.before = [&](const std::string& call) {
    if (call == "apply" && !std::exchange(done, true)) write_into(sides.to + "/db", 5, "the target's");
  };
  const auto report = sides.round(&DataStrategy::round);
  CHECK(report.conflicts.empty());
  CHECK(report.bytes > 1'000'000);
  CHECK(sides.target.asked() == Asked{"apply", "manifest", "apply"});
  sides.require_equal();
  sides.forget();
  sides.change();  // it has two writers: no difference is tried again
  CHECK(sides.round(&DataStrategy::round).bytes > 1'000'000);
  CHECK(sides.target.asked() == Asked{"apply"});
  sides.require_equal();
}

namespace {

std::vector<std::string> compare_all(FilesStrategy& strategy) {
  std::vector<std::string> differing;
  std::uint64_t read = 0;
  for (int part = 0, passes = 0; part < 1000; ++part) {
    const auto compared = strategy.compare_some();
    INFO(why(compared));
    REQUIRE(compared);
    differing.insert(differing.end(), compared->differing.begin(), compared->differing.end());
    read += compared->bytes;
    // On a busy machine it is not always known in time what is held open, and nothing can be read.
    if (!differing.empty() || (compared->finished && (read > 0 || ++passes == 20))) return differing;
  }
  FAIL("it does not end");
  return differing;
}

}  // namespace

TEST_CASE("what the comparison finds is carried by the next round, and until then the digests differ") {
  Sides sides;
  let_settle();
  sides.round(&DataStrategy::round);
  CHECK(compare_all(sides.strategy).empty());
  sides.require_equal();
  sides.unseen.at[0] = 'x';
  CHECK(sides.strategy.verify()->equal);
  CHECK(compare_all(sides.strategy) == std::vector<std::string>{"quiet"});
  CHECK_FALSE(sides.strategy.verify()->equal);
  sides.forget();
  sides.round(&DataStrategy::last_round);
  CHECK(sides.target.asked().front() == "manifest");
  sides.require_equal();
}

TEST_CASE("a comparison whose answer is lost makes the next round compare whole") {
  Sides sides;
  let_settle();
  sides.round(&DataStrategy::round);
  sides.unseen.at[0] = 'x';
  sides.target.lose_answers = true;
  CHECK_FALSE(sides.strategy.compare_some());
  sides.target.lose_answers = false;
  sides.forget();
  sides.round(&DataStrategy::round);
  CHECK(sides.target.asked().front() == "manifest");
  sides.require_equal();
}

}  // namespace moult
