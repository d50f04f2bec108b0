#include "drivers/libvirt/description.hpp"

#include "catch.hpp"
#include "drivers/libvirt/names.hpp"
#include "flat_xml.hpp"

using namespace moult;
using namespace moult::virt;
using moult::test::sample;

TEST_CASE("a live description gives disks with their chains, NICs with their places, ports and firmware variables") {
  const auto seen = read_description(sample("everything-live.xml"));
  REQUIRE(seen);
  CHECK(seen->name == "web");
  CHECK(seen->memory_kib == 2097152);
  CHECK(seen->nvram == "/var/lib/libvirt/qemu/nvram/web_VARS.fd");
  CHECK(seen->has_tpm);
  REQUIRE(seen->disks.size() == 4);
  CHECK(seen->disks[0].chain == std::vector<std::string>{"/var/lib/libvirt/images/web.vda.moult-r7.qcow2",
                                                         "/var/lib/libvirt/images/web.qcow2",
                                                         "/var/lib/libvirt/images/golden.img"});
  CHECK(seen->disks[0].chain_formats == std::vector<std::string>{"qcow2", "qcow2", "raw"});
  REQUIRE(seen->writable_disks().size() == 2);
  CHECK(seen->writable_disks()[1].target == "vdb");
  CHECK(seen->disks[3].read_only);
  REQUIRE(seen->nics.size() == 2);
  CHECK(seen->nics[0].source == "default");
  CHECK(seen->nics[0].source_kind == "network");
  CHECK(seen->nics[1].source == "br-back");
  CHECK_FALSE(seen->nics[1].link_up);
  CHECK(seen->has_channel(kAgentPort));
  CHECK_FALSE(seen->has_channel("org.moult.r8"));
}

TEST_CASE("disks that are limited together are named") {
  const auto together = [](const char* first, const char* second) {
    const auto disk = [](const char* target, const std::string& group) {
      return std::string("<disk type='file' device='disk'><target dev='") + target + "'/><iotune>" + group +
             "<write_bytes_sec>5</write_bytes_sec></iotune></disk>";
    };
    const auto seen =
        read_description("<domain><devices>" + disk("vda", first) + disk("vdb", second) + "</devices></domain>");
    REQUIRE(seen);
    return seen->disks_of_one_limit();
  };
  CHECK(together("<group_name>g</group_name>", "<group_name>g</group_name>") == "vda and vdb");
  CHECK(together("<group_name>g</group_name>", "<group_name>h</group_name>").empty());
  CHECK(together("", "").empty());
}

TEST_CASE("what libvirt never sends is an error, not a machine without disks") {
  CHECK_FALSE(read_description("<domain><devices>"));
  const auto bare = read_description("<domain><devices/></domain>");
  REQUIRE(bare);
  CHECK_FALSE(bare->has_tpm);
}

TEST_CASE("a machine of files, bridges and networks can be cloned") {
  const auto reasons = reasons_against_cloning(sample("everything-live.xml"));
  REQUIRE(reasons);
  CHECK(reasons->empty());
}

TEST_CASE("each device that both sides would share, or that reaches past the run's network, is named") {
  const std::pair<const char*, const char*> kCases[] = {
      {"<hostdev/>", "device of the host"},
      {"<shmem/>", "shares memory"},
      {"<disk type='block' device='disk'><target dev='vda'/></disk>", "vda is of type block"},
      {"<disk type='network' device='disk'><target dev='vda'/></disk>", "vda is of type network"},
      {"<disk type='file' device='disk'><target dev='vdb'/><shareable/></disk>", "vdb is shareable"},
      {"<disk type='file' device='disk'><target dev='vdb'/><transient/></disk>", "vdb is transient"},
      {"<disk type='file' device='disk'><source file='x'><encryption/></source><target dev='vdb'/></disk>",
       "encrypted"},
      {"<disk type='file' device='floppy'><source file='x'/><target dev='fda'/></disk>", "fda is a writable floppy"},
      {"<disk type='block' device='lun'><target dev='sdb'/></disk>", "sdb is a passed-through LUN"},
      {"<interface type='direct'><mac address='aa'/></interface>", "NIC aa is of type direct"},
      {"<interface type='user'><mac address='aa'/></interface>", "NIC aa is of type user"},
      {"<interface type='bridge'><mac address='aa'/><virtualport type='openvswitch'/></interface>", "virtual port"},
      {"<interface type='bridge'><mac address='aa'/><vlan/></interface>", "VLAN"},
      {"<filesystem><target dir='share'/></filesystem>", "shared directory share"},
      {"<tpm><backend type='passthrough'/></tpm>", "TPM"},
      {"<rng><backend model='egd'/></rng>", "random numbers"},
      {"<memory model='nvdimm'><source><path>/x</path></source></memory>", "persistent memory"},
      {"<redirdev type='tcp'/>", "redirected"},
  };
  for (const auto& [device, reason] : kCases) {
    const auto reasons = reasons_against_cloning("<domain><devices>" + std::string(device) + "</devices></domain>");
    INFO(device);
    REQUIRE(reasons);
    REQUIRE_FALSE(reasons->empty());
    CHECK(reasons->front().find(reason) != std::string::npos);
  }
  const auto arguments = reasons_against_cloning(
      "<domain><devices/><qemu:commandline><qemu:arg value='-netdev'/></qemu:commandline></domain>");
  REQUIRE(arguments);
  CHECK(arguments->size() == 1);
}

TEST_CASE("names of a run's files, domain and bridges derive from the run alone, and bridges fit the kernel's limit") {
  CHECK(clone_domain("r7", "web") == "web-moult-r7");
  CHECK(original_overlay("r7", "web", "vda", "/img/web.qcow2") == "/img/web.vda.moult-r7.qcow2");
  // The same name again once the disk's top is the overlay: so any process finds it.
  CHECK(original_overlay("r7", "web", "vda", "/img/web.vda.moult-r7.qcow2") == "/img/web.vda.moult-r7.qcow2");
  CHECK(clone_overlay("r7", "web", "vda", "/img/web.qcow2") == "/img/web.vda.moult-r7-clone.qcow2");
  CHECK(handed_overlay("r7", "web", "vdb", "/img/web.qcow2") == "/img/web.vdb.moult-r7-handed.qcow2");
  CHECK(returned_overlay("r7", "web", "vdb", "/img/web.qcow2") == "/img/web.vdb.moult-r7-returned.qcow2");
  for (const auto* original :
       {"/img/web.vda.moult-r7.qcow2", "/img/web.vdb.moult-r7-handed.qcow2", "/img/web.vdb.moult-r7-returned.qcow2"})
    CHECK(run_of_overlay(original) == "r7");
  for (const auto* own : {"/img/web.qcow2", "/img/web.vda.moult-r7-clone.qcow2", "/img/web.moult-r7.raw",
                          "/img.moult-r7/web.qcow2", "/img/web.moult-.qcow2"})
    CHECK(run_of_overlay(own).empty());
  CHECK(bridge_name("a-run-with-a-very-long-id-2026-11-21T04:00", Place::isolated).size() <= 15);
  CHECK(bridge_name("r7", Place::isolated) != bridge_name("r7", Place::sealed));
  CHECK(bridge_name("r7", Place::isolated) != bridge_name("r8", Place::isolated));
  CHECK(check_run_id("2026-11-21.a_b"));
  CHECK_FALSE(check_run_id("../x"));
  CHECK_FALSE(check_run_id(""));
}
