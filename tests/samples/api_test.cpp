#include <httplib.h>

#include <thread>

#include "catch.hpp"
#include "tests/samples/program.hpp"
#include "tests/samples/temporary_directory.hpp"

using namespace notes_test;

namespace {

struct Api {
  explicit Api(const std::string& level)
      : program({std::string(NOTES_PROGRAMS) + "/notes-api-" + level, "--root", directory.path().string(), "--address",
                 "127.0.0.1", "--port", std::to_string(port)}),
        client("127.0.0.1", port) {
    client.set_keep_alive(true);
    for (int i = 0; i < 500 && !client.Get("/health"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  TemporaryDirectory directory;
  int port = free_port();
  Background program;
  httplib::Client client;
};

}  // namespace

TEST_CASE("each level of the service says which it is and stores notes in its own form") {
  const auto [level, words] = GENERATE(table<std::string, bool>({{"1.0.0", false}, {"2.0.0", true}}));
  Api api(level);
  const auto health = api.client.Get("/health");
  REQUIRE(health);
  CHECK(health->body.find("\"level\":\"" + level + "\"") != std::string::npos);
  const auto put = api.client.Put("/notes/4", "three short words", "text/plain");
  REQUIRE(put);
  CHECK(put->status == 201);
  CHECK((put->body.find("\"words\":3") != std::string::npos) == words);
}

TEST_CASE("a connection is kept over many requests, refused ones among them") {
  Api api("1.0.0");
  for (int i = 0; i < 20; ++i) {
    const auto answer = api.client.Put("/notes/1", "text " + std::to_string(i), "text/plain");
    REQUIRE(answer);
    CHECK(answer->status == (i == 0 ? 201 : 409));
    CHECK(answer->get_header_value("Connection") != "close");
  }
}

TEST_CASE("an acknowledged note outlives a killed service") {
  TemporaryDirectory directory;
  const int port = free_port();
  const std::vector<std::string> command{std::string(NOTES_PROGRAMS) + "/notes-api-1.0.0",
                                         "--root",
                                         directory.path().string(),
                                         "--address",
                                         "127.0.0.1",
                                         "--port",
                                         std::to_string(port)};
  httplib::Client client("127.0.0.1", port);
  const auto wait = [&] {
    for (int i = 0; i < 500 && !client.Get("/health"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  };
  {
    const Background service(command);
    wait();
    REQUIRE(client.Put("/notes/4", "kept", "text/plain")->status == 201);
  }
  const Background service(command);
  wait();
  const auto got = client.Get("/notes/4");
  REQUIRE(got);
  CHECK(got->body == "{\"id\":4,\"text\":\"kept\"}\n");
}
