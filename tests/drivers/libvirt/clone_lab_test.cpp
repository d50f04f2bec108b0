#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "catch.hpp"
#include "cloned.hpp"
#include "drivers/libvirt/host.hpp"
#include "lab_world.hpp"

using namespace moult;
using lab::Cloned;
using lab::kRun;
using lab::ms;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> overlays_left() {
  std::vector<std::string> left;
  LibvirtParts parts;
  for (const auto& disk : lab::must(parts.lifecycle().inspect(lab::original())).disks)
    for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(disk.path).parent_path()))
      if (file.path().string().find("moult") != std::string::npos) left.push_back(file.path());
  return left;
}

/// A domain that is off, with this image as its disk vdq.
struct Described {
  std::string name = "moult-described";
  Described(const std::string& format, const std::string& image) {
    const auto file = std::filesystem::temp_directory_path() / (name + ".xml");
    std::ofstream(file) << "<domain type='qemu'><name>" << name << "</name><memory unit='MiB'>64</memory><os><type>hvm"
                        << "</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='" << format
                        << "'/><source file='" << image << "'/><target dev='vdq'/></disk></devices></domain>";
    lab::virsh({"define", file});
    std::filesystem::remove(file);
  }
  ~Described() { lab::virsh({"undefine", name}); }
  Described(const Described&) = delete;
  Described& operator=(const Described&) = delete;
};

}  // namespace

TEST_CASE("a clone boots from the original's state, sees none of its later writes, and leaves nothing behind",
          "[lab]") {
  Cloned cloned;
  const auto guest = lab::guest(cloned.parts, cloned.original);
  lab::in_guest(*guest, {"sh", "-c", "mkdir -p /data; echo later > /data/moult-later; sync"});
  const auto facts = lab::must(cloned.parts.lifecycle().inspect(cloned.original));
  for (std::size_t i = 0; i < facts.disks.size(); ++i) {
    if (facts.disks[i].read_only) continue;
    CHECK(facts.disks[i].chain.size() == cloned.facts_before.disks[i].chain.size() + 1);
    CHECK(facts.disks[i].chain.at(1) == cloned.facts_before.disks[i].path);
  }
  const auto clone = lab::guest(cloned.parts, cloned.clone);
  const auto seen = lab::must(clone->run(Command{{"cat", "/data/moult-later"}, {}, {}}));
  CHECK_FALSE(seen.good());
  lab::in_guest(*clone, {"sh", "-c", "mkdir -p /data; echo clone > /data/moult-clone; sync"});
  CHECK_FALSE(lab::must(guest->run(Command{{"cat", "/data/moult-clone"}, {}, {}})).good());
  const auto clone_facts = lab::must(cloned.parts.lifecycle().inspect(cloned.clone));
  CHECK(clone_facts.uuid != facts.uuid);
  REQUIRE(clone_facts.nics.size() == facts.nics.size());
  for (std::size_t i = 0; i < facts.nics.size(); ++i) CHECK(clone_facts.nics[i].mac == facts.nics[i].mac);

  cloned.back();
  CHECK(lab::in_guest(*guest, {"cat", "/data/moult-later"}) == "later\n");
  lab::in_guest(*guest, {"sh", "-c", "rm /data/moult-later; rmdir /data 2>/dev/null; true"});
  CHECK(lab::virsh({"dumpxml", "--inactive", cloned.original.domain}) == cloned.persistent_before);
  const auto after = lab::must(cloned.parts.lifecycle().inspect(cloned.original));
  for (std::size_t i = 0; i < after.disks.size(); ++i)
    CHECK(after.disks[i].chain == cloned.facts_before.disks[i].chain);
  CHECK(lab::must(cloned.parts.lifecycle().inspect(cloned.clone)).state == PowerState::absent);
  CHECK(overlays_left().empty());
  CHECK(lab::virsh({"net-list", "--all"}).find("moult") == std::string::npos);
  CHECK(lab::virsh({"pool-list", "--all"}).find("moult") == std::string::npos);
}

TEST_CASE("a machine whose image is another domain's disk too is neither planned for nor cloned", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto original = lab::original();
  const Described second("qcow2", lab::must(parts.lifecycle().inspect(original)).disks.front().path);
  const auto space = parts.cloner().space({original});
  REQUIRE_FALSE(space);
  CHECK(space.error().code == Code::refused);
  CHECK(space.error().describe().find("is disk vdq of domain " + second.name + " too") != std::string::npos);
  CHECK_FALSE(parts.cloner().prepare(lab::kRun, original));
  CHECK(overlays_left().empty());
}

TEST_CASE("a disk with holes needs room for what it holds", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto image = std::filesystem::temp_directory_path() / "moult-sparse.raw";
  std::ofstream(image) << std::string(1U << 20U, 'x');
  std::filesystem::resize_file(image, std::uintmax_t{100} << 30U);
  const lab::CleanUp removed{[&image] { std::filesystem::remove(image); }};
  const Described sparse("raw", image);
  const auto space = lab::must(parts.cloner().space({{"sparse", lab::original().uri, sparse.name}}));
  REQUIRE(space.size() == 1);
  CHECK(space.front().needed_bytes == 2 * overlay_estimate(std::uint64_t{1} << 20U, std::uint64_t{100} << 30U));
}

TEST_CASE("until it is moved a clone reaches nothing, and a moved NIC is reachable at once", "[lab]") {
  Cloned cloned;
  auto& network = cloned.parts.network();
  const auto guest = lab::guest(cloned.parts, cloned.clone);
  CHECK(lab::must(network.where(kRun, cloned.original)) == Side::production);
  CHECK(lab::must(network.where(kRun, cloned.clone)) == Side::isolated);
  // Not every guest has ping; a neighbour that never answers stands in the kernel's table without an address.
  const std::string ask =
      "timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.1/9' 2>/dev/null; ping -c 1 -W 1 10.77.0.1 >/dev/null 2>&1; cat "
      "/proc/net/arp";
  const auto table = lab::in_guest(*guest, {"sh", "-c", ask});
  INFO(table);
  REQUIRE(table.find("10.77.0.1 ") != std::string::npos);
  for (std::size_t at = table.find("10.77.0.1 "); at != std::string::npos; at = table.find("10.77.0.1 ", at + 1))
    CHECK(table.substr(at, table.find('\n', at) - at).find("00:00:00:00:00:00") != std::string::npos);

  REQUIRE(lab::reachable(lab::address()));
  const auto nics = static_cast<double>(lab::must(cloned.parts.lifecycle().inspect(cloned.clone)).nics.size());
  const auto out = lab::time_of([&] { lab::must(network.move(kRun, cloned.original, cloned.original, Side::sealed)); });
  CHECK_FALSE(lab::reachable(lab::address()));
  const auto in = lab::time_of([&] { lab::must(network.move(kRun, cloned.original, cloned.clone, Side::production)); });
  CHECK(lab::reachable(lab::address()));
  lab::report("move out, per NIC", ms(out) / nics, "ms");
  lab::report("move in, per NIC", ms(in) / nics, "ms");
  CHECK(lab::must(network.where(kRun, cloned.original)) == Side::sealed);
  CHECK(lab::must(network.where(kRun, cloned.clone)) == Side::production);
  CHECK(lab::virsh({"dumpxml", "--inactive", cloned.original.domain}).find("mlt") == std::string::npos);

  lab::must(network.move(kRun, cloned.original, cloned.clone, Side::isolated));
  lab::must(network.move(kRun, cloned.original, cloned.original, Side::production));
  CHECK(lab::reachable(lab::address()));
}

TEST_CASE("restoring a chain goes on where it was cut short, also on a machine that is off", "[lab]") {
  Cloned cloned;
  const auto refused = cloned.parts.cloner().restore_chain(kRun, cloned.original);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  lab::must(cloned.parts.cloner().discard_clone(kRun, cloned.original));
  const auto first = cloned.facts_before.disks.front().target;

  SECTION("one disk committed and not yet pivoted") {
    lab::virsh({"blockcommit", cloned.original.domain, first, "--active", "--shallow", "--wait", "--keep-overlay"});
  }
  SECTION("one disk done, the other not") {
    lab::virsh({"blockcommit", cloned.original.domain, first, "--active", "--shallow", "--pivot"});
  }
  SECTION("the machine was powered off") { lab::must(cloned.parts.lifecycle().stop(cloned.original, 0ms)); }

  lab::must(cloned.parts.cloner().restore_chain(kRun, cloned.original));
  lab::must(cloned.parts.cloner().restore_chain(kRun, cloned.original));
  CHECK(lab::virsh({"dumpxml", "--inactive", cloned.original.domain}) == cloned.persistent_before);
  CHECK(overlays_left().empty());
  lab::must(cloned.parts.lifecycle().start(cloned.original));
  const auto after = lab::must(cloned.parts.lifecycle().inspect(cloned.original));
  for (std::size_t i = 0; i < after.disks.size(); ++i)
    CHECK(after.disks[i].chain == cloned.facts_before.disks[i].chain);
  (void)lab::guest(cloned.parts, cloned.original);
}

TEST_CASE("finishing a run makes the clone the original's successor, whole and under its name", "[lab]") {
  Cloned outer;  // its clone is the original of this run: the lab's machine stays as it is
  constexpr const char* kInner = "labfinish";
  auto& cloner = outer.parts.cloner();
  const MachineRef original = {"app", outer.original.uri, outer.clone.domain};
  const MachineRef clone = cloner.clone_of(kInner, original);
  const lab::CleanUp clean_up{[&] {
    (void)cloner.discard_clone(kInner, original);  // where the test ended before the finish
    (void)cloner.restore_chain(kInner, original);
    lab::give_up_machines(outer.parts, {original, clone});
    (void)outer.parts.network().remove(kInner, original.uri);
  }};
  lab::virsh({"desc", original.domain, "--config", "only in the persistent description"});
  lab::must(outer.parts.lifecycle().set_autostart(original, true));
  const auto facts_before = lab::must(outer.parts.lifecycle().inspect(original));
  lab::must(outer.parts.network().create(kInner, original.uri));
  lab::must(cloner.prepare(kInner, original));
  lab::must(cloner.snapshot(kInner, original));
  lab::must(cloner.create_clone(kInner, original));
  const auto guest = lab::guest(outer.parts, clone);
  lab::in_guest(*guest, {"sh", "-c", "mkdir -p /data; echo upgraded > /data/moult-clone; sync"});

  lab::report("consolidate", ms(lab::time_of([&] { lab::must(cloner.consolidate(kInner, original)); })), "ms");
  lab::must(cloner.consolidate(kInner, original));
  const auto successor = lab::must(outer.parts.lifecycle().inspect(original));
  CHECK(successor.state == PowerState::running);
  CHECK(successor.uuid == lab::must(outer.parts.lifecycle().inspect(clone)).uuid);
  CHECK(successor.uuid != facts_before.uuid);
  CHECK(successor.autostart);
  for (std::size_t i = 0; i < successor.disks.size(); ++i)
    CHECK(successor.disks[i].chain == facts_before.disks[i].chain);
  CHECK(lab::in_guest(*guest, {"cat", "/data/moult-clone"}) == "upgraded\n");
  const auto persistent = lab::virsh({"dumpxml", "--inactive", clone.domain});
  CHECK(persistent.find("only in the persistent description") != std::string::npos);
  CHECK(persistent.find(kInner + std::string("-clone")) == std::string::npos);
  CHECK(persistent.find("org.moult.labfinish") == std::string::npos);

  lab::must(outer.parts.lifecycle().stop(original, 0ms));
  CHECK(lab::virsh({"list", "--all", "--name"}).find(clone.domain) == std::string::npos);
  lab::must(outer.parts.lifecycle().start(original));
  const auto again = lab::guest(outer.parts, original);
  CHECK(lab::in_guest(*again, {"cat", "/data/moult-clone"}) == "upgraded\n");
}

TEST_CASE("a clone that dies is told as an event", "[lab]") {
  Cloned cloned;
  virt::Hosts hosts;
  auto& host = hosts.at(cloned.clone.uri);
  lab::must(host.connection());
  const auto told = host.events().told();
  lab::virsh({"qemu-monitor-command", "--hmp", cloned.clone.domain, "quit"});
  host.events().await(told, 20s);
  CHECK(host.events().told() > told);
  lab::must(cloned.parts.lifecycle().stop(cloned.clone, 20s));  // libvirt knows it by then
  CHECK(lab::must(cloned.parts.cloner().probe_clone(kRun, cloned.original)) == Presence::partial);
  lab::must(cloned.parts.cloner().create_clone(kRun, cloned.original));
  CHECK(lab::must(cloned.parts.cloner().probe_clone(kRun, cloned.original)) == Presence::present);
}
