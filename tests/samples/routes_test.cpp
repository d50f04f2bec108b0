#include "samples/notes/api/routes.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "tests/samples/temporary_directory.hpp"

using namespace notes;
using nlohmann::json;
using notes_test::TemporaryDirectory;

namespace {

struct World {
  TemporaryDirectory directory;
  Service service{"2.0.0", 2, (directory.path() / "schema").string()};
  Store store{directory.path(), 2};
  Response ask(const std::string& method, const std::string& target, const std::string& body = "") {
    return answer(service, store, {method, target, body});
  }
};

}  // namespace

TEST_CASE("the service tells its level") {
  World world;
  CHECK(world.ask("GET", "/health").json == "{\"status\":\"ok\",\"level\":\"2.0.0\"}\n");
}

TEST_CASE("a note is put, got and listed") {
  World world;
  CHECK(world.ask("PUT", "/notes/12", "two words").status == 201);
  CHECK(world.ask("PUT", "/notes/12", "two words").status == 200);
  CHECK(world.ask("PUT", "/notes/12", "other").status == 409);
  CHECK(json::parse(world.ask("GET", "/notes/12").json)["words"] == 2);
  CHECK(json::parse(world.ask("GET", "/notes").json)["notes"] == json::array({12}));
}

TEST_CASE("a posted note gets a number and is found under it") {
  World world;
  const auto posted = world.ask("POST", "/notes", "text");
  REQUIRE(posted.status == 201);
  const auto id = json::parse(posted.json)["id"].get<std::uint64_t>();
  CHECK(world.ask("GET", "/notes/" + std::to_string(id)).json == posted.json);
}

TEST_CASE("numbers of the service cannot be put") {
  World world;
  CHECK(world.ask("PUT", "/notes/1000000000", "text").status == 400);
}

TEST_CASE("a note that was not migrated is an error, and a whole listing counts it") {
  World world;
  Store(world.directory.path(), 1).put({3, "old"});
  world.store.put({4, "new"});
  CHECK(world.ask("GET", "/notes/3").status == 500);
  const auto page = json::parse(world.ask("GET", "/notes?full=1").json);
  CHECK(page["unreadable"] == 1);
  CHECK(page["notes"].size() == 1);
}

TEST_CASE("a whole listing comes in pages") {
  World world;
  for (std::uint64_t id = 1; id <= 5; ++id) world.store.put({id, "text"});
  const auto first = json::parse(world.ask("GET", "/notes?full=1&limit=3").json);
  CHECK(first["notes"].size() == 3);
  CHECK(first["more"] == true);
  const auto second = json::parse(world.ask("GET", "/notes?limit=3&full=1&after=" + first["last"].dump()).json);
  CHECK(second["notes"].size() == 2);
  CHECK(second["more"] == false);
}

TEST_CASE("what does not exist is not found, and what cannot be done is not allowed") {
  World world;
  CHECK(world.ask("GET", "/").status == 404);
  CHECK(world.ask("GET", "/notes/x").status == 404);
  CHECK(world.ask("GET", "/notes/1").status == 404);
  CHECK(world.ask("GET", "/schema").status == 404);
  CHECK(world.ask("DELETE", "/notes/1").status == 405);
  CHECK(world.ask("DELETE", "/notes").status == 405);
  CHECK(world.ask("POST", "/notes", "\xff").status == 400);
}
