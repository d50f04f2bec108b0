#include "drivers/libvirt/seal.hpp"

#include "catch.hpp"
#include "drivers/libvirt/nic_moves.hpp"
#include "flat_xml.hpp"

using namespace moult;
using namespace moult::virt;
using moult::test::flatten;
using moult::test::sample;

TEST_CASE("a sealed description has every NIC on the sealed bridge, and nothing else of it is changed") {
  const auto before = sample("everything-persistent.xml");
  const auto sealed = sealed_description(before, "mlt0s");
  REQUIRE(sealed);
  CHECK(*side_of(*sealed, "mlt0i", "mlt0s") == Side::sealed);
  const auto again = sealed_description(*sealed, "mlt0s");
  REQUIRE(again);
  CHECK(*again == *sealed);
  const auto lines = flatten(before);
  const auto changed = flatten(*sealed);
  for (const auto& line : lines)
    if (line.find("/interface") == std::string::npos) CHECK(changed.contains(line));
}

TEST_CASE("lifting a seal gives back the description as it was, metadata of others included") {
  const auto before = sample("everything-persistent.xml");
  const auto lifted = unsealed_description(*sealed_description(before, "mlt0s"));
  REQUIRE(lifted);
  CHECK(flatten(*lifted) == flatten(before));
  CHECK(*unsealed_description(before) == before);
}

TEST_CASE("a machine without metadata gets them behind its title, and loses them with the seal") {
  const std::string before =
      "<domain type='kvm'><name>a</name><uuid>u</uuid><title>t</title><memory>1</memory><devices>"
      "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' portgroup='x'/>"
      "<model type='virtio'/></interface></devices></domain>";
  const auto sealed = sealed_description(before, "mlt0s");
  REQUIRE(sealed);
  CHECK(sealed->find("</title><metadata>") != std::string::npos);
  CHECK(flatten(*unsealed_description(*sealed)) == flatten(before));
}

TEST_CASE("where production is stays known of a sealed original") {
  const auto persistent = sample("everything-persistent.xml");
  const auto production = unsealed_description(*sealed_description(persistent, "mlt0s"));
  auto live = sample("everything-live.xml");
  live.replace(live.find("<source bridge='br-back'/>"), 26, "<source bridge='mlt0s'/>");
  const auto moves = moves_to_production(live, *production);
  REQUIRE(moves);
  REQUIRE(moves->size() == 1);
  CHECK(moves->front().xml.find("br-back") != std::string::npos);
}
