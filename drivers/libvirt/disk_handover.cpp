#include "drivers/libvirt/disk_handover.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "drivers/libvirt/cloner_domains.hpp"
#include "drivers/libvirt/handed_machine.hpp"
#include "drivers/libvirt/handover_description.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kLookDeadline{10'000};
constexpr Millis kPlugDeadline{30'000};
constexpr Millis kLookAgain{200};  ///< where no event tells that the guest let go of it
/// A guest that was still starting its driver loses the request: it is asked again.
constexpr Millis kAskAgain{3'000};

Result<> define(virConnectPtr connection, const std::string& xml, const std::string& before) {
  if (xml == before) return {};
  const DomainHandle defined(virDomainDefineXML(connection, xml.c_str()));
  return defined ? Result<>{} : virt_fail("change a machine's description for its disk", Effect::changes);
}

/// The record says who has the disk before that machine can open it.
Result<> record(virConnectPtr connection, const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) {
  const auto other = side == DiskSide::clone ? DiskSide::original : DiskSide::clone;
  MOULT_ASSIGN(const auto holder, find_machine(connection, disk, other));
  MOULT_ASSIGN(const bool shared, shares_chain(disk, holder));
  if (shared)
    return fail(Code::refused, "disk " + disk.target + " is with domain " + domain_of(disk, other) + " still");
  MOULT_ASSIGN(const HandedMachine original, see_machine(connection, disk, DiskSide::original));
  MOULT_ASSIGN(const auto owner, record_in(disk, original));
  if (owner.epoch != epoch)
    return fail(Code::refused,
                "disk " + disk.target + " has changed hands since epoch " + std::to_string(epoch) +
                    ": its record is at " + std::to_string(owner.epoch),
                "Another process goes on with the run.");
  MOULT_ASSIGN(const std::string noted,
               with_owner(original.persistent, disk.run, disk.target, {epoch + 1, side, image}));
  return define(connection, noted, original.persistent);
}

/// Where a description and the machine that runs have drifted apart, the disk's place may be taken there: then it gets
/// another one until the machine's next start.
Result<> plug_in(const HandedMachine& machine, const std::string& element, const std::string& what) {
  if (virDomainAttachDeviceFlags(machine.domain.get(), element.c_str(), VIR_DOMAIN_AFFECT_LIVE) == 0) return {};
  Error refused = last_error(what, Effect::changes);
  if (refused.disposition == Disposition::ambiguous) return Unexpected(std::move(refused));
  MOULT_ASSIGN(const std::string anywhere, without_address(element));
  if (virDomainAttachDeviceFlags(machine.domain.get(), anywhere.c_str(), VIR_DOMAIN_AFFECT_LIVE) == 0) return {};
  return Unexpected(std::move(refused));
}

Result<> attach(virConnectPtr connection, const HandedDisk& disk, DiskSide side, const Image& image) {
  MOULT_ASSIGN(const HandedMachine machine, see_machine(connection, disk, side));
  MOULT_ASSIGN(const std::string described, with_disk(machine.persistent, disk.target, image));
  MOULT_TRY(define(connection, described, machine.persistent));
  MOULT_ASSIGN(const std::string present, path_in(machine.live, disk.target));
  if (!machine.running || present == image.path) return {};
  MOULT_ASSIGN(const std::string element, disk_element(described, disk.target));
  return plug_in(machine, element, "attach disk " + disk.target + " to domain " + domain_of(disk, side));
}

/// A request that is under way already is no failure; a disk that its bus lets nobody unplug is one.
Result<> ask_once(const HandedMachine& machine, const std::string& element, const std::string& what) {
  if (virDomainDetachDeviceFlags(machine.domain.get(), element.c_str(), VIR_DOMAIN_AFFECT_LIVE) == 0) return {};
  const auto code = virGetLastErrorCode();
  if (code != VIR_ERR_OPERATION_UNSUPPORTED && code != VIR_ERR_CONFIG_UNSUPPORTED) return {};
  Error error = last_error(what, Effect::none);
  error.remedy = "Put the disk on a bus that can be unplugged, virtio or scsi, or carry its data as `files`.";
  return Unexpected(std::move(error));
}

/// Asks the guest to let go of the device; true: it has.
Result<bool> ask_for(virConnectPtr connection, const HandedDisk& disk, DiskSide side, bool ask) {
  MOULT_ASSIGN(const auto machine, find_machine(connection, disk, side));
  if (!machine || !machine->running) return true;
  MOULT_ASSIGN(const std::string element, disk_element(machine->live, disk.target));
  if (element.empty()) return true;
  if (ask) MOULT_TRY(ask_once(*machine, element, "take disk " + disk.target + " out of " + domain_of(disk, side)));
  return false;
}

/// Any machine that has the disk tells how large it is.
Result<DiskSize> size_of(Host& host, DiskHandover& disks, const HandedDisk& disk) {
  for (const auto side : {DiskSide::original, DiskSide::clone}) {
    MOULT_ASSIGN(const auto image, disks.held(disk, side));
    if (image) return disk_size(host, domain_of(disk, side), disk.target);
  }
  return fail(Code::not_found, "no machine has disk " + disk.target + " of domain " + disk.original.domain);
}

}  // namespace

Result<DiskOwner> DiskHandover::owner(const HandedDisk& disk) {
  return hosts_.at(disk.original.uri)
      .call<DiskOwner>({"owner of disk " + disk.target}, [disk](virConnectPtr connection) -> Result<DiskOwner> {
        MOULT_ASSIGN(const HandedMachine original, see_machine(connection, disk, DiskSide::original));
        return record_in(disk, original);
      });
}

Result<std::optional<DiskImage>> DiskHandover::held(const HandedDisk& disk, DiskSide side) {
  using Held = std::optional<DiskImage>;
  const CallSpec spec{"disk " + disk.target + " of domain " + domain_of(disk, side), Effect::none, kLookDeadline};
  return hosts_.at(disk.original.uri).call<Held>(spec, [disk, side](virConnectPtr connection) -> Result<Held> {
    MOULT_ASSIGN(const auto machine, find_machine(connection, disk, side));
    if (!machine) return std::nullopt;
    MOULT_ASSIGN(const std::string path, path_in(machine->live, disk.target));
    return image_at(disk, path);
  });
}

Result<> DiskHandover::make_image(const HandedDisk& disk, DiskImage image) {
  auto& host = hosts_.at(disk.original.uri);
  MOULT_ASSIGN(const auto record, owner(disk));
  if (image == DiskImage::handed ? record.image != DiskImage::own : record.image == image)
    return fail(Code::refused, "disk " + disk.target + " goes on in the image " + name_of(record.image) +
                                   ", which holds what clients wrote to it in this run");
  for (const auto side : {DiskSide::original, DiskSide::clone}) {
    MOULT_ASSIGN(const auto had, held(disk, side));
    if (had == image)
      return fail(Code::busy,
                  "domain " + domain_of(disk, side) + " has the image that was to be made anew of disk " + disk.target);
  }
  MOULT_ASSIGN(const DiskSize size, size_of(host, *this, disk));
  MOULT_ASSIGN(const std::string near,
               host.call<std::string>({"images of disk " + disk.target},
                                      [disk](virConnectPtr connection) { return path_beside(connection, disk); }));
  const auto path = path_of(disk, image, near);
  MOULT_TRY(store_.remove(host, {path}));
  return store_.create(host, {{path, path_of(disk, DiskImage::own, near), "qcow2", size.virtual_bytes}});
}

Result<> DiskHandover::take_out(const HandedDisk& disk, DiskSide side, Millis deadline) {
  auto& host = hosts_.at(disk.original.uri);
  const auto what = "take disk " + disk.target + " out of domain " + domain_of(disk, side);
  MOULT_TRY(host.call<void>({what, Effect::changes, kPlugDeadline}, [disk, side](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const auto machine, find_machine(connection, disk, side));
    if (!machine) return {};
    MOULT_ASSIGN(const std::string without, without_disk(machine->persistent, disk.target));
    return define(connection, without, machine->persistent);
  }));
  const auto begin = std::chrono::steady_clock::now();
  for (auto asked = begin - kAskAgain;;) {
    const auto told = host.events().told();
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
    host.events().await(told, kLookAgain);
  }
}

Result<> DiskHandover::put_in(const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) {
  const CallSpec spec{"give disk " + disk.target + " to domain " + domain_of(disk, side), Effect::changes,
                      kPlugDeadline};
  auto given = hosts_.at(disk.original.uri).call<void>(spec, [=](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const HandedMachine machine, see_machine(connection, disk, side));
    MOULT_ASSIGN(const std::string near, path_beside(connection, disk));
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
