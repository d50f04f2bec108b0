#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <string_view>

#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

using Reasons = std::vector<std::string>;

void judge_disk(const pugi::xml_node& disk, Reasons& reasons) {
  const std::string name = std::string("disk ") + disk.child("target").attribute("dev").value();
  const std::string device = disk.attribute("device").as_string("disk");
  if (disk.child("readonly") || device == "cdrom") return;
  if (device == "floppy") {
    if (disk.child("source")) reasons.push_back(name + " is a writable floppy: both sides would write it");
    return;
  }
  if (device == "lun") reasons.push_back(name + " is a passed-through LUN, which takes no snapshot");
  const std::string kind = disk.attribute("type").as_string("file");
  if (kind != "file") reasons.push_back(name + " is of type " + kind + ": only disks in image files are cloned");
  if (disk.child("shareable")) reasons.push_back(name + " is shareable: others may write it too");
  if (disk.child("transient")) reasons.push_back(name + " is transient");
  if (disk.child("encryption") || disk.child("source").child("encryption"))
    reasons.push_back(name + " is encrypted by the host");
}

void judge_nic(const pugi::xml_node& nic, Reasons& reasons) {
  const std::string name = std::string("NIC ") + nic.child("mac").attribute("address").value();
  const std::string kind = nic.attribute("type").value();
  if (kind != "bridge" && kind != "network")
    reasons.push_back(name + " is of type " + kind + ": only bridges and networks can be switched live");
  if (nic.child("virtualport"))
    reasons.push_back(name + " has a virtual port (Open vSwitch, 802.1Qbh), which cannot be switched live");
  if (nic.child("vlan")) reasons.push_back(name + " has VLAN tags, which cannot be switched live");
}

void judge_shared(const pugi::xml_node& devices, Reasons& reasons) {
  for (const auto& device : devices.children("filesystem"))
    if (!device.child("readonly"))
      reasons.push_back(std::string("shared directory ") + device.child("target").attribute("dir").value() +
                        " is writable by both sides");
  for (const auto& tpm : devices.children("tpm"))
    if (std::string_view(tpm.child("backend").attribute("type").value()) != "emulator")
      reasons.emplace_back("its TPM is the host's own");
  for (const auto& memory : devices.children("memory"))
    if (memory.child("source").child("path"))
      reasons.emplace_back("its persistent memory is a file that both sides would write");
  for (const auto& rng : devices.children("rng"))
    if (std::string_view(rng.child("backend").attribute("model").value()) == "egd")
      reasons.emplace_back("its random numbers come from a host service");
}

// Devices whose mere presence is a reason.
void judge_presence(const pugi::xml_node& devices, Reasons& reasons) {
  constexpr std::array kRefused{std::pair{"hostdev", "a device of the host is passed through"},
                                std::pair{"shmem", "it shares memory with others"},
                                std::pair{"lease", "it holds a lock manager's lease"}};
  for (const auto& [element, reason] : kRefused)
    if (devices.child(element)) reasons.emplace_back(reason);
  for (const auto& device : devices.children("redirdev"))
    if (std::string_view(device.attribute("type").value()) != "spicevmc")
      reasons.emplace_back("a USB device is redirected over the network");
}

// Arguments of which libvirt knows nothing could open files and networks behind our back.
void judge_arguments(const pugi::xml_node& domain, Reasons& reasons) {
  constexpr std::array<std::string_view, 9> kOpaque{"-netdev",  "-net",    "-nic",   "-drive", "-blockdev",
                                                    "-chardev", "-device", "-fsdev", "-virtfs"};
  for (const auto& argument : domain.child("qemu:commandline").children("qemu:arg")) {
    const std::string_view value = argument.attribute("value").value();
    if (std::find(kOpaque.begin(), kOpaque.end(), value) != kOpaque.end())
      reasons.push_back("its QEMU argument " + std::string(value) + " adds a device that libvirt does not know");
  }
}

}  // namespace

Result<std::vector<std::string>> reasons_against_cloning(const std::string& live_xml) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(live_xml, document));
  const auto domain = document.child("domain");
  const auto devices = domain.child("devices");
  Reasons reasons;
  for (const auto& disk : devices.children("disk")) judge_disk(disk, reasons);
  for (const auto& nic : devices.children("interface")) judge_nic(nic, reasons);
  judge_shared(devices, reasons);
  judge_presence(devices, reasons);
  judge_arguments(domain, reasons);
  return reasons;
}

}  // namespace moult::virt
