#include "migration/replication_strategy.hpp"

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "catch.hpp"
#include "hook_machine.hpp"

namespace moult {
namespace {

using Catch::Contains;
using test::HookMachine;

Error nobody(int port) {
  return {Code::unreachable, "nothing answers at 127.0.0.1:" + std::to_string(port), "", {}, Disposition::retry};
}

/// One that has ended before it began.
struct End final : TunnelEnd {
  Result<std::vector<std::byte>> receive() override { return std::vector<std::byte>{}; }
  Result<> send(Bytes) override { return {}; }
  Result<> finish() override { return {}; }
  void abort(const Error&) override {}
};

/// A guest's loopback: who listens there, and after how many looks the application answers.
struct Loopback final : GuestTunnel {
  struct Listener final : TunnelListener {
    Listener(Loopback& of, int at) : loopback(of), where(at) { loopback.listening = at; }
    ~Listener() override { loopback.listening = 0; }
    [[nodiscard]] int port() const override { return where; }
    Result<std::unique_ptr<TunnelEnd>> accept() override {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return closed; });
      return fail(Code::interrupted, "closed");
    }
    void close() override {
      const std::lock_guard lock(mutex);
      closed = true;
      changed.notify_all();
    }
    Loopback& loopback;
    int where;
    std::mutex mutex;
    std::condition_variable changed;
    bool closed = false;
  };

  Result<std::unique_ptr<TunnelListener>> listen(int port) override {
    return std::make_unique<Listener>(*this, port == 0 ? next_port++ : port);
  }
  Result<std::unique_ptr<TunnelEnd>> connect(int port) override {
    asked.push_back(port);
    if (asked.size() <= silent) return Unexpected(nobody(port));
    return std::make_unique<End>();
  }
  Result<StartedCommand> start(const Command&) override { throw std::logic_error("replication starts no command"); }
  Result<> kill(std::uint64_t) override { return {}; }
  std::atomic<int> listening = 0;
  int next_port = 40001;
  std::size_t silent = 0;
  std::vector<int> asked;
};

struct Pair {
  HookMachine source, target;
  Loopback loopback;
  std::unique_ptr<Clock> clock = make_system_clock();
  VendorStrategy::Setup setup;

  Pair() {
    target.tunnels = &loopback;
    setup.set = test::ledger_set();
    setup.set.port = 6379;
    setup.set.commands.follow = script("echo $MOULT_TUNNEL_PORT >>$MACHINE/followed");
    setup.set.commands.promote = script("echo nobody >>$MACHINE/followed");
    setup.source = [this]() -> Result<GuestSession*> { return &source; };
    setup.target = [this]() -> Result<GuestSession*> { return &target; };
  }
  static Argv script(const std::string& text) { return {"sh", "-c", text}; }
  ReplicationStrategy strategy() { return {setup, *clock}; }
  [[nodiscard]] std::string followed() const {
    std::ifstream file(target.root() + "/followed");
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_CASE("a round waits for the application of a clone that comes up, and makes it follow through one tunnel") {
  Pair pair;
  pair.loopback.silent = 3;
  auto there = pair.strategy();
  REQUIRE(there.start_capture());
  CHECK(pair.source.ran.empty());
  REQUIRE(there.round());
  CHECK(pair.loopback.asked == std::vector<int>(4, 6379));
  CHECK(pair.loopback.listening == 40001);
  const auto second = there.round();
  REQUIRE(second);
  CHECK(second->number == 2);
  CHECK(pair.followed() == "40001\n40001\n");
}

TEST_CASE("who is promoted has no tunnel any more; a round after that opens another") {
  Pair pair;
  auto there = pair.strategy();
  REQUIRE(there.round());
  REQUIRE(there.promote());
  CHECK(pair.loopback.listening == 0);
  REQUIRE(there.last_round());
  CHECK(pair.followed() == "40001\nnobody\n40002\n");
}

TEST_CASE("a session that ends, a reboot, a way back that is armed anew: each lets go of the tunnel") {
  Pair pair;
  auto there = pair.strategy();
  REQUIRE(there.round());
  SECTION("a session") { there.let_go(); }
  SECTION("a reboot") {
    REQUIRE(there.save_target());
    REQUIRE(there.restore_target());
  }
  SECTION("armed anew") { REQUIRE(there.close_target()); }
  CHECK(pair.loopback.listening == 0);
}

TEST_CASE("an application that never answers is named, and under the fence not waited for longer than the lease") {
  Pair pair;
  pair.loopback.silent = 1'000'000;
  auto there = pair.strategy();
  SECTION("for as long as a command may take") { pair.setup.set.timeout = Millis{300}; }
  SECTION("for as long as the fence lasts") { REQUIRE(there.fence(Millis{1000})); }
  auto now = pair.strategy();
  auto& asked = pair.setup.set.timeout == Millis{300} ? now : there;
  const auto begin = pair.clock->steady();
  const auto round = asked.round();
  REQUIRE_FALSE(round);
  CHECK(round.error().describe().find("data set ledger.book: nothing answers at 127.0.0.1:6379") == 0);
  CHECK(pair.clock->steady() - begin < std::chrono::seconds(10));
}

TEST_CASE("a set without a way back does not say that nothing was written") {
  Pair pair;
  pair.setup.one_way = true;
  CHECK(pair.strategy().pending().error().code == Code::refused);
}

}  // namespace
}  // namespace moult
