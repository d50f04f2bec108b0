#include "drivers/libvirt/disk_handover.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <thread>

#include "drivers/libvirt/cloner_domains.hpp"
#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/handover_description.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kLookDeadline{10'000};
constexpr Millis kPlugDeadline{30'000};
constexpr Millis kPause{20};
/// A guest that was still starting its driver loses the request: it is asked again.
constexpr Millis kAskAgain{3'000};

std::string domain_of(const HandedDisk& disk, DiskSide side) {
  return side == DiskSide::original ? disk.original.domain : clone_domain(disk.run, disk.original.domain);
}

/// One machine as it is now.
struct Machine {
  DomainHandle domain;
  std::string live, persistent;
  bool running = false;
};

/// Nothing: there is no such domain.
Result<std::optional<Machine>> look(virConnectPtr connection, const HandedDisk& disk, DiskSide side) {
  const auto name = domain_of(disk, side);
  Machine machine;
  machine.domain.reset(virDomainLookupByName(connection, name.c_str()));
  if (!machine.domain && last_error_is_absence()) return std::nullopt;
  if (!machine.domain) return virt_fail("look up domain " + name, Effect::none);
  MOULT_ASSIGN(machine.live, domain_xml(machine.domain.get(), Which::live));
  MOULT_ASSIGN(machine.persistent, domain_xml(machine.domain.get(), Which::persistent));
  machine.running = is_running(machine.domain.get());
  return std::optional<Machine>(std::move(machine));
}

Result<Machine> look_at(virConnectPtr connection, const HandedDisk& disk, DiskSide side) {
  MOULT_ASSIGN(auto machine, look(connection, disk, side));
  if (machine) return std::move(*machine);
  return fail(Code::not_found, "there is no domain " + domain_of(disk, side));
}

Result<std::string> path_in(const std::string& xml, const std::string& target) {
  MOULT_ASSIGN(const Description seen, read_description(xml));
  for (const auto& disk : seen.disks)
    if (disk.target == target) return disk.path;
  return std::string();
}

std::string path_of(const HandedDisk& disk, DiskImage image, const std::string& beside) {
  const auto& [run, original, target] = disk;
  if (image == DiskImage::scratch) return clone_overlay(run, original.domain, target, beside);
  if (image == DiskImage::own) return original_overlay(run, original.domain, target, beside);
  return handed_overlay(run, original.domain, target, beside);
}

std::optional<DiskImage> image_at(const HandedDisk& disk, const std::string& path) {
  if (path.empty()) return std::nullopt;
  for (const auto image : {DiskImage::scratch, DiskImage::handed})
    if (path == path_of(disk, image, path)) return image;
  return DiskImage::own;
}

/// In the running machine, or in the description under which it starts: whichever shares the original's chain.
Result<bool> shares(const HandedDisk& disk, const std::optional<Machine>& machine) {
  if (!machine) return false;
  for (const auto* xml : {&machine->live, &machine->persistent}) {
    MOULT_ASSIGN(const std::string path, path_in(*xml, disk.target));
    const auto image = image_at(disk, path);
    if (image && *image != DiskImage::scratch) return true;
  }
  return false;
}

Result<> define(virConnectPtr connection, const std::string& xml, const std::string& before) {
  if (xml == before) return {};
  const DomainHandle defined(virDomainDefineXML(connection, xml.c_str()));
  return defined ? Result<>{} : virt_fail("change a machine's description for its disk", Effect::changes);
}

/// Any path of the run's images of this disk, for the directory that they are in.
Result<std::string> beside(virConnectPtr connection, const HandedDisk& disk) {
  for (const auto side : {DiskSide::original, DiskSide::clone}) {
    MOULT_ASSIGN(const auto machine, look(connection, disk, side));
    if (!machine) continue;
    MOULT_ASSIGN(const std::string whole, without_handover(machine->persistent));
    MOULT_ASSIGN(const std::string path, path_in(whole, disk.target));
    if (!path.empty()) return path;
  }
  return fail(Code::not_found, "domain " + disk.original.domain + " has no disk " + disk.target);
}

Result<DiskOwner> record_of(const HandedDisk& disk, const Machine& original) {
  MOULT_ASSIGN(const auto owner, read_owner(original.persistent, disk.run, disk.target));
  return owner.value_or(DiskOwner{});
}

/// The record says who has the disk before that machine can open it.
Result<> record(virConnectPtr connection, const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) {
  const auto other = side == DiskSide::clone ? DiskSide::original : DiskSide::clone;
  MOULT_ASSIGN(const auto holder, look(connection, disk, other));
  MOULT_ASSIGN(const bool shared, shares(disk, holder));
  if (shared)
    return fail(Code::refused, "disk " + disk.target + " is with domain " + domain_of(disk, other) + " still");
  MOULT_ASSIGN(const Machine original, look_at(connection, disk, DiskSide::original));
  MOULT_ASSIGN(const auto owner, record_of(disk, original));
  if (owner.epoch != epoch)
    return fail(Code::refused,
                "disk " + disk.target + " has changed hands since epoch " + std::to_string(epoch) +
                    ": its record is at " + std::to_string(owner.epoch),
                "Another process goes on with the run.");
  MOULT_ASSIGN(const std::string noted,
               with_owner(original.persistent, disk.run, disk.target, {epoch + 1, side, image}));
  return define(connection, noted, original.persistent);
}

Result<> attach(virConnectPtr connection, const HandedDisk& disk, DiskSide side, const Image& image) {
  MOULT_ASSIGN(const Machine machine, look_at(connection, disk, side));
  MOULT_ASSIGN(const std::string described, with_disk(machine.persistent, disk.target, image));
  MOULT_TRY(define(connection, described, machine.persistent));
  MOULT_ASSIGN(const std::string present, path_in(machine.live, disk.target));
  if (!machine.running || present == image.path) return {};
  MOULT_ASSIGN(const std::string element, disk_element(described, disk.target));
  if (virDomainAttachDeviceFlags(machine.domain.get(), element.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
    return virt_fail("attach disk " + disk.target + " to domain " + domain_of(disk, side), Effect::changes);
  return {};
}

/// Asks the guest to let go of the device; true: it has.
Result<bool> ask_for(virConnectPtr connection, const HandedDisk& disk, DiskSide side, bool ask) {
  MOULT_ASSIGN(const auto machine, look(connection, disk, side));
  if (!machine || !machine->running) return true;
  MOULT_ASSIGN(const std::string element, disk_element(machine->live, disk.target));
  if (element.empty()) return true;
  // That an earlier request is under way is no failure.
  if (ask) (void)virDomainDetachDeviceFlags(machine->domain.get(), element.c_str(), VIR_DOMAIN_AFFECT_LIVE);
  return false;
}

}  // namespace

Result<DiskOwner> DiskHandover::owner(const HandedDisk& disk) {
  return hosts_.at(disk.original.uri)
      .call<DiskOwner>({"owner of disk " + disk.target}, [disk](virConnectPtr connection) -> Result<DiskOwner> {
        MOULT_ASSIGN(const Machine original, look_at(connection, disk, DiskSide::original));
        return record_of(disk, original);
      });
}

Result<std::optional<DiskImage>> DiskHandover::held(const HandedDisk& disk, DiskSide side) {
  using Held = std::optional<DiskImage>;
  const CallSpec spec{"disk " + disk.target + " of domain " + domain_of(disk, side), Effect::none, kLookDeadline};
  return hosts_.at(disk.original.uri).call<Held>(spec, [disk, side](virConnectPtr connection) -> Result<Held> {
    MOULT_ASSIGN(const auto machine, look(connection, disk, side));
    if (!machine) return std::nullopt;
    MOULT_ASSIGN(const std::string path, path_in(machine->live, disk.target));
    return image_at(disk, path);
  });
}

Result<> DiskHandover::make_image(const HandedDisk& disk) {
  auto& host = hosts_.at(disk.original.uri);
  MOULT_ASSIGN(const auto record, owner(disk));
  if (record.image == DiskImage::handed) return {};
  for (const auto side : {DiskSide::original, DiskSide::clone}) {
    MOULT_ASSIGN(const auto image, held(disk, side));
    if (image == DiskImage::handed)
      return fail(Code::busy,
                  "domain " + domain_of(disk, side) + " has the image that was to be made anew of disk " + disk.target);
  }
  MOULT_ASSIGN(const DiskSize size, disk_size(host, disk.original.domain, disk.target));
  MOULT_ASSIGN(const std::string near,
               host.call<std::string>({"images of disk " + disk.target},
                                      [disk](auto* connection) { return beside(connection, disk); }));
  const auto path = path_of(disk, DiskImage::handed, near);
  MOULT_TRY(store_.remove(host, {path}));
  return store_.create(host, {{path, path_of(disk, DiskImage::own, near), "qcow2", size.virtual_bytes}});
}

Result<> DiskHandover::take_out(const HandedDisk& disk, DiskSide side, Millis deadline) {
  auto& host = hosts_.at(disk.original.uri);
  const auto what = "take disk " + disk.target + " out of domain " + domain_of(disk, side);
  MOULT_TRY(host.call<void>({what, Effect::changes, kPlugDeadline}, [disk, side](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const auto machine, look(connection, disk, side));
    if (!machine) return {};
    MOULT_ASSIGN(const std::string without, without_disk(machine->persistent, disk.target));
    return define(connection, without, machine->persistent);
  }));
  const auto begin = std::chrono::steady_clock::now();
  for (auto asked = begin - kAskAgain;;) {
    const auto now = std::chrono::steady_clock::now();
    const bool ask = now - asked >= kAskAgain;
    if (ask) asked = now;
    MOULT_ASSIGN(const bool gone,
                 host.call<bool>({what, Effect::changes, kPlugDeadline},
                                 [=](virConnectPtr connection) { return ask_for(connection, disk, side, ask); }));
    if (gone) return {};
    if (now - begin > deadline)
      return fail(Code::timeout,
                  what + ": its guest does not let go of it within " + std::to_string(deadline.count()) + " ms",
                  "See the guest's console for what uses the disk.");
    std::this_thread::sleep_for(kPause);
  }
}

Result<> DiskHandover::put_in(const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) {
  const CallSpec spec{"give disk " + disk.target + " to domain " + domain_of(disk, side), Effect::changes,
                      kPlugDeadline};
  auto given = hosts_.at(disk.original.uri).call<void>(spec, [=](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const Machine machine, look_at(connection, disk, side));
    MOULT_ASSIGN(const std::string near, beside(connection, disk));
    const Image file{path_of(disk, image, near), "qcow2"};
    MOULT_ASSIGN(const std::string live, path_in(machine.live, disk.target));
    MOULT_ASSIGN(const std::string described, path_in(machine.persistent, disk.target));
    if (live == file.path && described == file.path) return {};
    if (machine.running && !live.empty() && live != file.path)
      return fail(Code::refused, "domain " + domain_of(disk, side) + " has another image as its disk " + disk.target);
    if (image != DiskImage::scratch && live != file.path) MOULT_TRY(record(connection, disk, side, image, epoch));
    return attach(connection, disk, side, file);
  });
  if (!given) given.error().within("machine " + disk.original.name);
  return given;
}

}  // namespace moult::virt
