#include "orchestrator/phases/update_queue.hpp"

#include "catch.hpp"
#include "drivers/workers.hpp"
#include "orchestrator/phases/update_runner.hpp"

using moult::UpdateQueue;

namespace {
using Names = std::vector<std::string>;

UpdateQueue::Item item(std::string name, std::string machine, std::set<std::string> after = {}, bool parallel = false) {
  return {std::move(name), std::move(machine), std::move(after), parallel};
}
}  // namespace

TEST_CASE("one component at a time on a machine, machines side by side", "[queue]") {
  UpdateQueue queue({item("a", "m1"), item("b", "m1"), item("c", "m2")});
  CHECK(queue.take() == Names{"a", "c"});
  CHECK(queue.take().empty());
  queue.done("a");
  CHECK(queue.take() == Names{"b"});
  queue.done("b");
  CHECK_FALSE(queue.empty());
  queue.done("c");
  CHECK(queue.empty());
  CHECK(queue.take().empty());
}

TEST_CASE("a component waits for those before it, also on other machines", "[queue]") {
  UpdateQueue queue({item("ui", "web", {"api", "not-in-this-queue"}), item("api", "app")});
  CHECK(queue.take() == Names{"api"});
  CHECK(queue.take().empty());
  queue.done("api");
  CHECK(queue.take() == Names{"ui"});
}

TEST_CASE("parallel components share a machine only with parallel ones", "[queue]") {
  UpdateQueue queue({item("a", "m", {}, true), item("c", "m"), item("b", "m", {}, true), item("d", "m", {"b"}, true)});
  CHECK(queue.take() == Names{"a", "b"});
  queue.done("b");
  CHECK(queue.take() == Names{"d"});
  queue.done("a");
  CHECK(queue.take().empty());
  queue.done("d");
  CHECK(queue.take() == Names{"c"});
}

TEST_CASE("components in a circle are never taken, and are left", "[queue]") {
  UpdateQueue queue({item("a", "m", {"b"}), item("b", "m", {"a"})});
  CHECK(queue.take().empty());
  CHECK_FALSE(queue.empty());
  const auto ended = moult::run_updates(UpdateQueue({item("a", "m", {"a"})}), *moult::make_thread_workers(2),
                                        [](const auto&) -> moult::Result<> { return {}; });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == moult::Code::internal);
}

TEST_CASE("once an update has failed no other is begun", "[queue]") {
  Names begun;
  const auto ended =
      moult::run_updates(UpdateQueue({item("a", "m"), item("b", "m"), item("c", "m")}), *moult::make_thread_workers(2),
                         [&begun](const std::string& name) -> moult::Result<> {
                           begun.push_back(name);
                           if (name == "b") return moult::fail(moult::Code::internal, "on purpose");
                           return {};
                         });
  CHECK_FALSE(ended);
  CHECK(begun == Names{"a", "b"});
}
