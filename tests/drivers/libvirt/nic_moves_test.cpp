#include "drivers/libvirt/nic_moves.hpp"

#include "catch.hpp"
#include "drivers/libvirt/networks.hpp"
#include "flat_xml.hpp"

using namespace moult;
using namespace moult::virt;
using moult::test::difference;
using moult::test::sample;
using Lines = std::vector<std::string>;

TEST_CASE("a move changes a NIC's source and nothing else of it") {
  const auto moves = moves_to_bridge(sample("everything-live.xml"), "mlt0s");
  REQUIRE(moves);
  REQUIRE(moves->size() == 2);
  CHECK(moves->front().mac == "52:54:00:aa:bb:01");
  CHECK(moves->back().xml.find("<source bridge=\"mlt0s\"/>") != std::string::npos);
  CHECK(moves->front().xml.find("type=\"bridge\"") != std::string::npos);
  CHECK(moves->front().xml.find("clean-traffic") != std::string::npos);
  CHECK(moves->front().xml.find("virbr0") == std::string::npos);
  CHECK(moves->back().xml.find("<mtu size=\"9000\"/>") != std::string::npos);
}

TEST_CASE("the way back leads where the original's persistent description has the NIC of that MAC") {
  const auto persistent = sample("everything-persistent.xml");
  auto live = sample("everything-live.xml");
  const auto none = moves_to_production(live, persistent);
  REQUIRE(none);
  CHECK(none->empty());

  live.replace(live.find("<source bridge='br-back'/>"), 26, "<source bridge='mlt0i'/>");
  const auto one = moves_to_production(live, persistent);
  REQUIRE(one);
  REQUIRE(one->size() == 1);
  CHECK(one->front().mac == "52:54:00:aa:bb:02");
  CHECK(one->front().xml.find("<source bridge=\"br-back\"/>") != std::string::npos);
}

TEST_CASE("a NIC that the original's persistent description does not have has no production side") {
  auto persistent = sample("everything-persistent.xml");
  persistent.replace(persistent.find("aa:bb:02"), 8, "aa:bb:99");
  const auto moves = moves_to_production(sample("everything-live.xml"), persistent);
  REQUIRE_FALSE(moves);
  CHECK(moves.error().code == Code::not_found);
  CHECK(moves.error().message.find("aa:bb:02") != std::string::npos);
}

TEST_CASE("a machine with NICs on two sides is mixed") {
  auto xml = sample("everything-live.xml");
  CHECK(*side_of(xml, "i", "s") == Side::production);
  CHECK(*side_of(xml, "br-back", "s") == Side::mixed);
  CHECK(*side_of(xml, "default", "br-back") == Side::mixed);
  xml.replace(xml.find("network='default'"), 17, "network='br-back'");
  CHECK(*side_of(xml, "br-back", "s") == Side::isolated);
  CHECK(*side_of(xml, "i", "br-back") == Side::sealed);
}

TEST_CASE("a run's network has neither address nor spanning tree nor way out") {
  const auto lines = test::flatten(network_xml("moult-r7-i", "mlt0i", false));
  CHECK(lines == std::multiset<std::string>{"/network/name=moult-r7-i", "/network/bridge@name=mlt0i",
                                            "/network/bridge@stp=off", "/network/bridge@delay=0"});
  CHECK(test::flatten(network_xml("moult-r7-i", "mlt0i", true)).contains("/network/forward@mode=open"));
}
