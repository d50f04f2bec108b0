#include "drivers/libvirt/host.hpp"

#include <libvirt/libvirt.h>

#include <future>
#include <latch>
#include <set>
#include <thread>

#include "catch.hpp"
#include "drivers/libvirt/lifecycle.hpp"

using namespace moult;
using namespace moult::virt;
using namespace std::chrono_literals;

namespace {

// libvirt's own make-believe hypervisor: one running domain named "test".
constexpr const char* kHost = "test:///default";

/// A call that waits until all may end, and the connection that it was made on.
struct Call {
  std::future<void> ended;
  void* connection;
};

Call begin_call(Host& host, const std::shared_ptr<std::latch>& end) {
  const auto begun = std::make_shared<std::promise<void*>>();
  auto ended = std::async(std::launch::async, [&host, end, begun] {
    static_cast<void>(host.call<void>({"wait", Effect::none, 60s}, [begun, end](virConnectPtr connection) -> Result<> {
      begun->set_value(connection);
      end->wait();
      return {};
    }));
  });
  auto connection = begun->get_future();
  REQUIRE(connection.wait_for(20s) == std::future_status::ready);
  return {std::move(ended), connection.get()};
}

/// How many connections as many calls at once are made on.
std::size_t connections_of(Host& host, int calls) {
  const auto end = std::make_shared<std::latch>(1);
  std::vector<Call> waiting;
  std::set<void*> used;
  for (int i = 0; i < calls; ++i) used.insert(waiting.emplace_back(begin_call(host, end)).connection);
  end->count_down();
  return used.size();
}

void* connection_of_one(Host& host) {
  const auto end = std::make_shared<std::latch>(1);
  const auto call = begin_call(host, end);
  end->count_down();
  return call.connection;
}

}  // namespace

TEST_CASE("calls at once have a connection each, up to a limit; one alone has the first") {
  Hosts hosts;
  auto& host = hosts.at(kHost);
  CHECK(connections_of(host, 1) == 1);
  CHECK(connections_of(host, 3) == 3);
  CHECK(connections_of(host, 40) == 8);
  CHECK(connection_of_one(host) == host.connection()->get());
}

TEST_CASE("a call that was given up keeps its place until it ends") {
  Hosts hosts;
  auto& host = hosts.at(kHost);
  const auto end = std::make_shared<std::latch>(1);
  const auto given_up = host.call<void>({"hang", Effect::none, 10ms}, [end](virConnectPtr) -> Result<> {
    end->wait();
    return {};
  });
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().code == Code::timeout);
  CHECK(connection_of_one(host) != host.connection()->get());
  end->count_down();
  // Its thread lets go of its place a moment after.
  bool free = false;
  for (int i = 0; i < 2000 && !free; ++i) {
    std::this_thread::sleep_for(1ms);
    free = connection_of_one(host) == host.connection()->get();
  }
  CHECK(free);
}

TEST_CASE("calls of a host that is not there fail with its error, however many there are at once") {
  Hosts hosts;
  auto& host = hosts.at("qemu+unix:///system?socket=/nonexistent/sock");
  std::vector<std::future<Result<>>> calls;
  for (int i = 0; i < 12; ++i)
    calls.push_back(std::async(std::launch::async, [&] {
      return host.call<void>({"never"}, [](virConnectPtr) -> Result<> { return fail(Code::internal, "it was made"); });
    }));
  for (auto& call : calls) {
    const auto answer = call.get();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::unreachable);
  }
}

TEST_CASE("a machine's start and end are told") {
  Hosts hosts;
  Lifecycle lifecycle(hosts);
  const auto& events = hosts.at(kHost).events();
  const MachineRef machine{"one", kHost, "test"};
  REQUIRE(lifecycle.inspect(machine));
  auto told = events.told();
  REQUIRE(lifecycle.stop(machine, 0ms));
  events.await(told, 20s);
  CHECK(events.told() > told);
  told = events.told();
  REQUIRE(lifecycle.start(machine));
  events.await(told, 20s);
  CHECK(events.told() > told);
}

TEST_CASE("who waits for more events than there were is woken by the next one, and by its own end") {
  HostEvents events;
  events.await(events.told(), 1ms);
  CHECK(events.told() == 0);
  auto waiting = std::async(std::launch::async, [&] { events.await(0, 60s); });
  events.tell();
  CHECK(waiting.wait_for(20s) == std::future_status::ready);
  events.await(0, 60s);  // told before: no wait
}
