#include "drivers/libvirt/handover_description.hpp"

#include "catch.hpp"
#include "drivers/libvirt/seal.hpp"
#include "flat_xml.hpp"

using namespace moult;
using namespace moult::virt;
using moult::test::flatten;
using moult::test::sample;

namespace {

constexpr const char* kSmall =
    "<domain type='kvm'><name>a</name><uuid>u</uuid><devices>"
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/><source file='/d/a.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>"
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/d/b.raw'/>"
    "<target dev='vdb' bus='virtio'/><serial>S</serial><address type='pci' slot='0x07'/></disk>"
    "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
    "</devices></domain>";

}  // namespace

TEST_CASE("a disk that is taken out is remembered, and comes back to the letter where it was") {
  for (const auto& before : {std::string(kSmall), sample("everything-persistent.xml")}) {
    const std::string target = before == std::string(kSmall) ? "vdb" : "vda";
    const auto element = disk_element(before, target);
    REQUIRE(element);
    REQUIRE_FALSE(element->empty());
    const auto without = without_disk(before, target);
    REQUIRE(without);
    CHECK(disk_element(*without, target)->empty());
    CHECK(*lacking_disk(*without, *without) == target);
    CHECK(*without_disk(*without, target) == *without);
    CHECK(flatten(*without_handover(*without)) == flatten(before));
  }
}

TEST_CASE("a disk comes back with another image, and all else of it as before") {
  const auto with = with_disk(*without_disk(kSmall, "vdb"), "vdb", {"/d/top.qcow2", "qcow2"});
  REQUIRE(with);
  CHECK(with->find("metadata") == std::string::npos);
  const auto element = disk_element(*with, "vdb");
  CHECK(element->find("<source file=\"/d/top.qcow2\"") != std::string::npos);
  CHECK(element->find("type=\"qcow2\"") != std::string::npos);
  CHECK(element->find("<serial>S</serial>") != std::string::npos);
  CHECK(element->find("slot=\"0x07\"") != std::string::npos);
  CHECK(with->find("vdb") < with->find("sda"));
  CHECK_FALSE(with_disk(kSmall, "vdz", {"/x", "qcow2"}));
}

TEST_CASE("the record of a disk is its run's alone, and is gone with the run") {
  CHECK(*read_owner(kSmall, "r1", "vdb") == std::nullopt);
  for (const auto image : {DiskImage::own, DiskImage::handed, DiskImage::returned}) {
    const DiskOwner written{1, DiskSide::original, image};
    CHECK(*read_owner(*with_owner(kSmall, "r1", "vdb", written), "r1", "vdb") == written);
  }
  const DiskOwner owner{3, DiskSide::clone, DiskImage::handed};
  const auto noted =
      with_owner(*with_owner(kSmall, "r1", "vdb", {2, DiskSide::original, DiskImage::own}), "r1", "vdb", owner);
  REQUIRE(noted);
  CHECK(*read_owner(*noted, "r1", "vdb") == owner);
  CHECK(*read_owner(*noted, "r1", "vda") == std::nullopt);
  CHECK(read_owner(*noted, "r2", "vdb").error().code == Code::busy);
  CHECK(lacking_disk(*noted, *noted)->empty());
  CHECK(*lacking_disk(*noted, *without_disk(kSmall, "vdb")) == "vdb");  // described, and not plugged in
  CHECK(*lacking_disk(*without_disk(*noted, "vdb"), kSmall) == "vdb");  // the other way round
  CHECK(*read_owner(*without_disk(*noted, "vdb"), "r1", "vdb") == owner);
  CHECK(flatten(*without_handover(*noted)) == flatten(kSmall));
}

TEST_CASE("a disk that does not fit into its old place goes where there is room") {
  const auto element = disk_element(kSmall, "vdb");
  REQUIRE(element->find("<address") != std::string::npos);
  const auto anywhere = without_address(*element);
  REQUIRE(anywhere);
  CHECK(anywhere->find("<address") == std::string::npos);
  CHECK(anywhere->find("<serial>S</serial>") != std::string::npos);
}

TEST_CASE("the seal of the NICs and the hand-over of a disk leave each other alone, in whatever order they end") {
  const auto before = sample("everything-persistent.xml");
  const DiskOwner owner{1, DiskSide::clone, DiskImage::handed};
  const auto sealed = sealed_description(before, "mlt-s");
  const auto lacking = without_disk(*sealed, "vda");
  const auto noted = with_owner(*lacking, "r1", "vda", owner);
  REQUIRE(noted);

  const auto lifted = unsealed_description(*noted);
  CHECK(*read_owner(*lifted, "r1", "vda") == owner);
  CHECK(*lacking_disk(*lifted, *lifted) == "vda");
  CHECK(flatten(*without_handover(*lifted)) == flatten(before));

  const auto ended = without_handover(*noted);
  CHECK(flatten(*ended) == flatten(*sealed));
  CHECK(flatten(*unsealed_description(*ended)) == flatten(before));
}
