#include "orchestrator/phases/update_queue.hpp"

#include "catch.hpp"

using moult::UpdateQueue;

namespace {
UpdateQueue::Item item(std::string name, std::string machine, std::set<std::string> after = {}, bool parallel = false) {
  return {std::move(name), std::move(machine), std::move(after), parallel};
}
}  // namespace

TEST_CASE("one component at a time on a machine, machines side by side", "[queue]") {
  UpdateQueue queue({item("a", "m1"), item("b", "m1"), item("c", "m2")});
  CHECK(queue.ready_machines() == std::vector<std::string>{"m1", "m2"});
  CHECK(queue.take("m1") == "a");
  CHECK_FALSE(queue.take("m1"));
  CHECK(queue.take("m2") == "c");
  queue.done("a");
  CHECK(queue.take("m1") == "b");
  queue.done("b");
  CHECK_FALSE(queue.empty());
  queue.done("c");
  CHECK(queue.empty());
}

TEST_CASE("a component waits for those before it, also on other machines", "[queue]") {
  UpdateQueue queue({item("ui", "web", {"api"}), item("api", "app")});
  CHECK_FALSE(queue.take("web"));
  CHECK(queue.take("app") == "api");
  CHECK_FALSE(queue.take("web"));
  queue.done("api");
  CHECK(queue.take("web") == "ui");
}

TEST_CASE("parallel components share a machine only with parallel ones", "[queue]") {
  UpdateQueue queue({item("a", "m", {}, true), item("b", "m", {}, true), item("c", "m")});
  CHECK(queue.take("m") == "a");
  CHECK(queue.take("m") == "b");
  CHECK_FALSE(queue.take("m"));
  queue.done("a");
  CHECK_FALSE(queue.take("m"));
  queue.done("b");
  CHECK(queue.take("m") == "c");
}
