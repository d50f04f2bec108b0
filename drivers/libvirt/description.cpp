#include "drivers/libvirt/description.hpp"

#include <algorithm>
#include <map>
#include <pugixml.hpp>

#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

std::string value_of(const pugi::xml_node& node, const char* attribute) { return node.attribute(attribute).value(); }

std::string source_path(const pugi::xml_node& source) {
  for (const char* attribute : {"file", "dev", "dir", "name"})
    if (source.attribute(attribute)) return value_of(source, attribute);
  if (source.attribute("volume")) return value_of(source, "pool") + "/" + value_of(source, "volume");
  return {};
}

void read_chain(const pugi::xml_node& disk, DiskEntry& entry) {
  if (entry.path.empty()) return;
  entry.chain.push_back(entry.path);
  entry.chain_formats.push_back(entry.format);
  for (auto layer = disk.child("backingStore"); layer.child("source"); layer = layer.child("backingStore")) {
    entry.chain.push_back(source_path(layer.child("source")));
    entry.chain_formats.push_back(value_of(layer.child("format"), "type"));
  }
}

DiskEntry read_disk(const pugi::xml_node& disk) {
  DiskEntry entry;
  entry.target = value_of(disk.child("target"), "dev");
  entry.device = disk.attribute("device").as_string("disk");
  entry.source_kind = disk.attribute("type").as_string("file");
  entry.path = source_path(disk.child("source"));
  entry.format = disk.child("driver").attribute("type").as_string("raw");
  entry.read_only = disk.child("readonly") || entry.device == "cdrom";
  entry.limit_group = disk.child("iotune").child("group_name").text().as_string();
  const auto mirror = disk.child("mirror");
  entry.mirror_ready = value_of(mirror, "ready") == "yes";
  read_chain(disk, entry);
  return entry;
}

NicFacts read_nic(const pugi::xml_node& interface) {
  NicFacts nic;
  const auto source = interface.child("source");
  nic.mac = value_of(interface.child("mac"), "address");
  nic.source_kind = value_of(interface, "type");
  nic.source = nic.source_kind == "network" ? value_of(source, "network") : value_of(source, "bridge");
  nic.link_up = value_of(interface.child("link"), "state") != "down";
  return nic;
}

std::uint64_t to_kib(const pugi::xml_node& memory) {
  const std::string unit = memory.attribute("unit").as_string("KiB");
  const std::uint64_t value = memory.text().as_ullong();
  if (unit == "b" || unit == "bytes") return value >> 10U;
  if (unit == "M" || unit == "MiB") return value << 10U;
  if (unit == "G" || unit == "GiB") return value << 20U;
  return value;
}

std::string read_nvram(const pugi::xml_node& os) {
  const auto nvram = os.child("nvram");
  return nvram.child("source") ? source_path(nvram.child("source")) : nvram.text().as_string();
}

}  // namespace

std::vector<DiskEntry> Description::writable_disks() const {
  std::vector<DiskEntry> found;
  std::copy_if(disks.begin(), disks.end(), std::back_inserter(found),
               [](const DiskEntry& disk) { return disk.writable(); });
  return found;
}

std::string Description::disks_of_one_limit() const {
  std::map<std::string, std::string> groups;
  for (const auto& disk : writable_disks()) {
    if (disk.limit_group.empty()) continue;
    const auto [first, is_new] = groups.emplace(disk.limit_group, disk.target);
    if (!is_new) return first->second + " and " + disk.target;
  }
  return {};
}

bool Description::has_channel(const std::string& port) const {
  return std::find(channels.begin(), channels.end(), port) != channels.end();
}

Result<Description> read_description(const std::string& xml) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(xml, document));
  const auto domain = document.child("domain");
  const auto devices = domain.child("devices");
  Description found;
  found.name = domain.child("name").text().as_string();
  found.uuid = domain.child("uuid").text().as_string();
  found.memory_kib = to_kib(domain.child("memory"));
  found.nvram = read_nvram(domain.child("os"));
  found.has_tpm = bool(devices.child("tpm"));
  for (const auto& disk : devices.children("disk")) found.disks.push_back(read_disk(disk));
  for (const auto& interface : devices.children("interface")) found.nics.push_back(read_nic(interface));
  for (const auto& channel : devices.children("channel"))
    if (value_of(channel.child("target"), "type") == "virtio")
      found.channels.push_back(value_of(channel.child("target"), "name"));
  return found;
}

}  // namespace moult::virt
