#include "drivers/libvirt/clone_description.hpp"

#include "catch.hpp"
#include "flat_xml.hpp"

using namespace moult;
using namespace moult::virt;
using moult::test::difference;
using moult::test::sample;
using Lines = std::vector<std::string>;

namespace {

CloneIdentity identity() {
  return {"web-moult-r7",
          {"r7", "web", false},
          {{"vda", "/img/web.vda.clone"}, {"vdb", "/img/web.vdb.clone"}},
          "mlt0i",
          "org.moult.r7"};
}

// Lines of one kind of device are about the running process alone.
Lines without_process_facts(const Lines& lines) {
  Lines kept;
  for (const auto& line : lines) {
    const bool alias = line.find("/alias@name=") != std::string::npos && line.find("ua-") == std::string::npos;
    const bool chain =
        line.find("/backingStore") != std::string::npos || line.find("source@index=") != std::string::npos;
    if (!alias && !chain) kept.push_back(line);
  }
  return kept;
}

}  // namespace

TEST_CASE("a clone differs from its original in what makes it another machine, and in nothing else") {
  const auto live = sample("everything-live.xml");
  const auto clone = clone_description(live, identity());
  REQUIRE(clone);
  const auto changed = difference(live, *clone);
  const Lines lost = {
      "/domain/devices/channel/source@mode=connect",
      "/domain/devices/channel/source@path=/run/vendor/licence.sock",
      "/domain/devices/channel/source@path=/var/lib/libvirt/qemu/channel/target/domain-7-web/org.moult.r7",
      "/domain/devices/channel/source@path=/var/lib/libvirt/qemu/channel/target/domain-7-web/org.qemu.guest_agent.0",
      "/domain/devices/channel/target@state=connected",
      "/domain/devices/channel/target@state=connected",
      "/domain/devices/channel/target@state=connected",
      "/domain/devices/channel/address@bus=0",
      "/domain/devices/channel/address@controller=0",
      "/domain/devices/channel/address@port=3",
      "/domain/devices/channel/address@type=virtio-serial",
      "/domain/devices/console/source@append=on",
      "/domain/devices/console/source@path=/var/log/web-console.log",
      "/domain/devices/console@type=file",
      "/domain/devices/disk/source@file=/srv/data/web.vdb.moult-r7.qcow2",
      "/domain/devices/disk/source@file=/var/lib/libvirt/images/web.vda.moult-r7.qcow2",
      "/domain/devices/graphics@autoport=no",
      "/domain/devices/graphics@port=5903",
      "/domain/devices/interface/source@bridge=br-back",
      "/domain/devices/interface/source@bridge=virbr0",
      "/domain/devices/interface/source@network=default",
      "/domain/devices/interface/source@portid=3f3d5ab2-9c19-4fd8-8b8a-1d9a9ed0e2c1",
      "/domain/devices/interface/target@dev=vnet4",
      "/domain/devices/interface/target@dev=vnet5",
      "/domain/devices/interface@type=network",
      "/domain/devices/serial/protocol@type=raw",
      "/domain/devices/serial/source@append=on",
      "/domain/devices/serial/source@host=collector.example.org",
      "/domain/devices/serial/source@mode=connect",
      "/domain/devices/serial/source@path=/var/log/web-console.log",
      "/domain/devices/serial/source@service=2445",
      "/domain/devices/serial@type=file",
      "/domain/devices/serial@type=tcp",
      "/domain/devices/vsock/cid@address=5",
      "/domain/devices/vsock/cid@auto=no",
      "/domain/genid=43dc0cf8-809b-4adb-9bea-a9abb5f3d90e",
      "/domain/name=web",
      "/domain/os/firmware/feature@enabled=no",
      "/domain/os/firmware/feature@name=enrolled-keys",
      "/domain/os/nvram=/var/lib/libvirt/qemu/nvram/web_VARS.fd",
      "/domain/os/nvram@template=/usr/share/OVMF/OVMF_VARS_4M.fd",
      "/domain/os@firmware=efi",
      "/domain/seclabel/imagelabel=libvirt-0f5f0d3e-6d5c-4b3f-8b63-0d4f1f2a3b4c",
      "/domain/seclabel/label=libvirt-0f5f0d3e-6d5c-4b3f-8b63-0d4f1f2a3b4c",
      "/domain/sysinfo/system/entry=0f5f0d3e-6d5c-4b3f-8b63-0d4f1f2a3b4c",
      "/domain/sysinfo/system/entry@name=uuid",
      "/domain/uuid=0f5f0d3e-6d5c-4b3f-8b63-0d4f1f2a3b4c",
      "/domain@id=7",
  };
  const Lines added = {
      "/domain/devices/channel/source@mode=bind",  // the agent's and the helper's were already; this is the vendor's
      "/domain/devices/console@type=pty",
      "/domain/devices/disk/source@file=/img/web.vda.clone",
      "/domain/devices/disk/source@file=/img/web.vdb.clone",
      "/domain/devices/graphics@autoport=yes",
      "/domain/devices/interface/source@bridge=mlt0i",
      "/domain/devices/interface/source@bridge=mlt0i",
      "/domain/devices/interface@type=bridge",
      "/domain/devices/serial@type=pty",
      "/domain/devices/serial@type=pty",
      "/domain/devices/vsock/cid@auto=yes",
      "/domain/genid",
      "/domain/metadata/moult:run@id=r7",
      "/domain/metadata/moult:run@original=web",
      "/domain/metadata/moult:run@serves=no",
      "/domain/metadata/moult:run@xmlns:moult=urn:moult:run:1",
      "/domain/name=web-moult-r7",
      "/domain/os/nvram=/var/lib/libvirt/qemu/nvram/web-moult-r7_VARS.fd",
      "/domain/os/nvram@template=/var/lib/libvirt/qemu/nvram/web_VARS.fd",
  };
  CHECK_THAT(without_process_facts(changed.lost), Catch::UnorderedEquals(lost));
  CHECK_THAT(changed.added, Catch::UnorderedEquals(added));
}

TEST_CASE("an alias that the owner gave, secrets and white space in texts stay in a clone") {
  const auto clone = clone_description(sample("everything-live.xml"), identity());
  REQUIRE(clone);
  CHECK(clone->find("ua-data") != std::string::npos);
  CHECK(clone->find("passwd=\"s3cret\"") != std::string::npos);
  CHECK(clone->find("Serves   the notes") != std::string::npos);
  CHECK(clone->find("backingStore") == std::string::npos);
}

TEST_CASE("a clone of a machine without the disk that it should overlay is refused") {
  auto wrong = identity();
  wrong.overlays["vdz"] = "/img/nowhere";
  const auto clone = clone_description(sample("everything-live.xml"), wrong);
  REQUIRE_FALSE(clone);
  CHECK(clone.error().message.find("vdz") != std::string::npos);
}

TEST_CASE("a clone of a clone carries one mark, the later run's") {
  const auto first = clone_description(sample("everything-live.xml"), identity());
  REQUIRE(first);
  auto later = identity();
  later.mark = {"r8", "web", false};
  later.helper_port = "org.moult.r8";
  const auto second = clone_description(*first, later);
  REQUIRE(second);
  CHECK(second->find("id=\"r7\"") == std::string::npos);
  CHECK(second->find("org.moult.r7") == std::string::npos);
  CHECK(second->find("org.moult.r8") != std::string::npos);
}

TEST_CASE("a successor has its original's persistent description, all but identity and images") {
  const auto persistent = sample("everything-persistent.xml");
  const SuccessorIdentity who{
      "web-moult-r7",
      "11111111-2222-3333-4444-555555555555",
      {"r7", "web", true},
      {{"vda", {"/var/lib/libvirt/images/web.qcow2", "qcow2"}}, {"vdb", {"/srv/data/web-data.img", "raw"}}},
      "/var/lib/libvirt/qemu/nvram/web-moult-r7_VARS.fd"};
  const auto successor = successor_description(persistent, who);
  REQUIRE(successor);
  const auto changed = difference(persistent, *successor);
  const Lines lost = {"/domain/devices/disk/driver@type=qcow2",
                      "/domain/devices/disk/source@file=/srv/data/web.vdb.moult-r7.qcow2",
                      "/domain/devices/disk/source@file=/var/lib/libvirt/images/web.vda.moult-r7.qcow2",
                      "/domain/name=web",
                      "/domain/os/nvram=/var/lib/libvirt/qemu/nvram/web_VARS.fd",
                      "/domain/sysinfo/system/entry=0f5f0d3e-6d5c-4b3f-8b63-0d4f1f2a3b4c",
                      "/domain/sysinfo/system/entry@name=uuid",
                      "/domain/uuid=0f5f0d3e-6d5c-4b3f-8b63-0d4f1f2a3b4c"};
  const Lines added = {"/domain/devices/disk/driver@type=raw",
                       "/domain/devices/disk/source@file=/srv/data/web-data.img",
                       "/domain/devices/disk/source@file=/var/lib/libvirt/images/web.qcow2",
                       "/domain/metadata/moult:run@id=r7",
                       "/domain/metadata/moult:run@original=web",
                       "/domain/metadata/moult:run@serves=yes",
                       "/domain/metadata/moult:run@xmlns:moult=urn:moult:run:1",
                       "/domain/name=web-moult-r7",
                       "/domain/os/nvram=/var/lib/libvirt/qemu/nvram/web-moult-r7_VARS.fd",
                       "/domain/uuid=11111111-2222-3333-4444-555555555555"};
  CHECK_THAT(changed.lost, Catch::UnorderedEquals(lost));
  CHECK_THAT(changed.added, Catch::UnorderedEquals(added));
}

TEST_CASE("a mark is read back from the element that was written, and nothing else is a mark") {
  const CloneMark mark{"r7", "web & app", true};
  CHECK(parse_mark(mark_element(mark)) == mark);
  CHECK(parse_mark("<moult:run xmlns:moult='urn:moult:run:1' id='a' original='b'/>") == CloneMark{"a", "b", false});
  CHECK_FALSE(parse_mark("<other id='a' original='b'/>"));
  CHECK_FALSE(parse_mark("<run id='a'/>"));
  CHECK_FALSE(parse_mark("not xml"));
}
