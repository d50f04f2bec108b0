#include "drivers/libvirt/handed_machine.hpp"

#include <libvirt/libvirt.h>

#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/handover_description.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {

std::string domain_of(const HandedDisk& disk, DiskSide side) {
  return side == DiskSide::original ? disk.original.domain : clone_domain(disk.run, disk.original.domain);
}

Result<std::optional<HandedMachine>> find_machine(virConnectPtr connection, const HandedDisk& disk, DiskSide side) {
  const auto name = domain_of(disk, side);
  HandedMachine machine;
  machine.domain.reset(virDomainLookupByName(connection, name.c_str()));
  if (!machine.domain && last_error_is_absence()) return std::nullopt;
  if (!machine.domain) return virt_fail("look up domain " + name, Effect::none);
  MOULT_ASSIGN(machine.live, domain_xml(machine.domain.get(), Which::live));
  MOULT_ASSIGN(machine.persistent, domain_xml(machine.domain.get(), Which::persistent));
  machine.running = is_running(machine.domain.get());
  return std::optional<HandedMachine>(std::move(machine));
}

Result<HandedMachine> see_machine(virConnectPtr connection, const HandedDisk& disk, DiskSide side) {
  MOULT_ASSIGN(auto machine, find_machine(connection, disk, side));
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
  switch (image) {
    case DiskImage::scratch:
      return clone_overlay(run, original.domain, target, beside);
    case DiskImage::own:
      break;
    case DiskImage::handed:
      return handed_overlay(run, original.domain, target, beside);
    case DiskImage::returned:
      return returned_overlay(run, original.domain, target, beside);
  }
  return original_overlay(run, original.domain, target, beside);
}

std::optional<DiskImage> image_at(const HandedDisk& disk, const std::string& path) {
  if (path.empty()) return std::nullopt;
  for (const auto image : {DiskImage::scratch, DiskImage::handed, DiskImage::returned})
    if (path == path_of(disk, image, path)) return image;
  return DiskImage::own;
}

Result<std::string> path_beside(virConnectPtr connection, const HandedDisk& disk) {
  for (const auto side : {DiskSide::original, DiskSide::clone}) {
    MOULT_ASSIGN(const auto machine, find_machine(connection, disk, side));
    if (!machine) continue;
    MOULT_ASSIGN(const std::string whole, without_handover(machine->persistent));
    MOULT_ASSIGN(const std::string path, path_in(whole, disk.target));
    if (!path.empty()) return path;
  }
  return fail(Code::not_found, "domain " + disk.original.domain + " has no disk " + disk.target);
}

Result<bool> shares_chain(const HandedDisk& disk, const std::optional<HandedMachine>& machine) {
  if (!machine) return false;
  for (const auto* xml : {&machine->live, &machine->persistent}) {
    MOULT_ASSIGN(const std::string path, path_in(*xml, disk.target));
    const auto image = image_at(disk, path);
    if (image && *image != DiskImage::scratch) return true;
  }
  return false;
}

Result<DiskOwner> record_in(const HandedDisk& disk, const HandedMachine& original) {
  MOULT_ASSIGN(const auto owner, read_owner(original.persistent, disk.run, disk.target));
  return owner.value_or(DiskOwner{});
}

}  // namespace moult::virt
