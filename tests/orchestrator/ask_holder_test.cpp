#include "orchestrator/cli/ask_holder.hpp"

#include "catch.hpp"
#include "orchestrator/store/store.hpp"

using namespace moult;

namespace {

constexpr const char* kUtc = "2026-01-01T00:00:00.000Z";

std::unique_ptr<Store> store_with_run(const std::string& state) {
  auto store = make_memory_store();
  RunRecord record;
  record.id = "r1";
  record.appliance = "org.example.notes";
  record.state = state;
  record.created_utc = record.updated_utc = kUtc;
  REQUIRE(store->journal().create_run(record, {kUtc, "tester"}));
  return store;
}

}  // namespace

TEST_CASE("a cutover that was given up says why, with the cause's code, to whom asked for it", "[ask]") {
  auto store = store_with_run("cutting-over");
  const auto before = store->audit().tip()->issued;
  CHECK(refuse_given_up(store->audit(), "r1", before));
  REQUIRE(store->journal().set_state({"r1",
                                      "cutting-over",
                                      "ready",
                                      R"({"code":"unreachable","error":"HAProxy is away","remedy":"start it"})",
                                      {kUtc, "tester"}}));
  const auto refused = refuse_given_up(store->audit(), "r1", before);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unreachable);
  CHECK(refused.error().message.find("HAProxy is away") != std::string::npos);
  CHECK(refused.error().remedy == "start it");
  CHECK(refuse_given_up(store->audit(), "r1", store->audit().tip()->issued));  // the next one is another matter
}

TEST_CASE("an abort that came too late is no success, and a cutover is none before its check", "[ask]") {
  auto store = store_with_run("confirming");
  const auto aborted = has_taken_effect(*store, "r1", Request::abort, 0);
  REQUIRE_FALSE(aborted);
  CHECK(aborted.error().code == Code::refused);
  CHECK(has_taken_effect(*store, "r1", Request::cutover, 0) == false);
  REQUIRE(store->audit().append({"r1", "", "tester", kUtc, "entry.check.good", "{}"}));
  CHECK(has_taken_effect(*store, "r1", Request::cutover, 0) == true);

  store = store_with_run("confirming");
  REQUIRE(
      store->audit().append({"r1", "", "tester", kUtc, "entry.check.failed", R"({"code":"failed","error":"500"})"}));
  CHECK_FALSE(has_taken_effect(*store, "r1", Request::cutover, 0));
  CHECK(has_taken_effect(*store_with_run("aborted"), "r1", Request::abort, 0) == true);
  CHECK(has_taken_effect(*store_with_run("ready"), "r1", Request::abort, 0) == false);
}

TEST_CASE("a run that failed instead of cutting over says why", "[ask]") {
  auto store = store_with_run("ready");
  REQUIRE(store->audit().append({"r1", "", "tester", kUtc, "run.failed", R"({"code":"conflict","error":"both"})"}));
  REQUIRE(store->audit().append({"r2", "", "tester", kUtc, "run.failed", R"({"code":"io","error":"another run"})"}));
  const auto refused = refuse_given_up(store->audit(), "r1", 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK(refuse_given_up(store->audit(), "r1", store->audit().tip()->issued));
}
