#include "drivers/entry/haproxy/statistics.hpp"

#include "catch.hpp"

using moult::haproxy::read_statistics;

TEST_CASE("frontends, backends and servers are told apart, quoted fields included") {
  const auto read = read_statistics(
      "\n# pxname,svname,qcur,scur,status,type,check_desc,h1_open_connections,h2_open_connections,\n"
      "notes,FRONTEND,,7,OPEN,0,,,,\n"
      "app,s1,0,2,UP 1/3,2,\"said \"\"no, thanks\"\"\",,,\n"
      "app,s2,0,0,DOWN,2,,,,\n"
      "app,BACKEND,1,3,UP,1,,4,5,\n\n");
  REQUIRE(read);
  CHECK(read->frontends == std::vector<std::string>{"notes"});
  REQUIRE(read->backends.size() == 1);
  const auto& app = read->backends.front();
  CHECK(app.in_flight == 3);
  CHECK(app.open_connections == 9);
  REQUIRE(app.servers.size() == 2);
  CHECK(app.servers[0].up());
  CHECK_FALSE(app.servers[1].up());
}

TEST_CASE("statistics without a column that is needed are an error that names it") {
  const auto read = read_statistics("# pxname,svname,status,type\n");
  REQUIRE_FALSE(read);
  CHECK(read.error().message.find("scur") != std::string::npos);
  CHECK_FALSE(read_statistics("Unknown command\n"));
}

TEST_CASE("short rows and numbers that are none do no harm") {
  const auto read = read_statistics("# pxname,svname,scur,status,type\napp,\napp,BACKEND,many,UP,1\n");
  REQUIRE(read);
  REQUIRE(read->backends.size() == 1);
  CHECK(read->backends.front().in_flight == 0);
}
