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

TEST_CASE("a run that failed instead of cutting over says why", "[ask]") {
  auto store = store_with_run("ready");
  REQUIRE(store->audit().append({"r1", "", "tester", kUtc, "run.failed", R"({"code":"conflict","error":"both"})"}));
  REQUIRE(store->audit().append({"r2", "", "tester", kUtc, "run.failed", R"({"code":"io","error":"another run"})"}));
  const auto refused = refuse_given_up(store->audit(), "r1", 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK(refuse_given_up(store->audit(), "r1", store->audit().tip()->issued));
}
