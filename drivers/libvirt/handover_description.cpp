#include "drivers/libvirt/handover_description.hpp"

#include <cstring>
#include <pugixml.hpp>

#include "drivers/libvirt/domain_notes.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr const char* kUri = "urn:moult:handover:1";

/// libvirt may call our namespace by another prefix.
bool is_called(const pugi::xml_node& node, const char* name) {
  const char* colon = std::strchr(node.name(), ':');
  return std::strcmp(colon == nullptr ? node.name() : colon + 1, name) == 0;
}

pugi::xml_node domain_of(const pugi::xml_document& document) { return document.child("domain"); }

pugi::xml_node notes_in(const pugi::xml_node& domain) { return find_notes(domain, kUri); }

pugi::xml_node notes_of(pugi::xml_node domain) { return make_notes(domain, "handover", kUri); }

void drop_if_empty(pugi::xml_node domain) {
  if (const auto notes = notes_in(domain); notes && !notes.first_child()) drop_notes(domain, kUri);
}

bool is_target(const pugi::xml_node& disk, const std::string& target) {
  return target == disk.child("target").attribute("dev").value();
}

pugi::xml_node find_disk(const pugi::xml_node& devices, const std::string& target) {
  for (const auto& disk : devices.children("disk"))
    if (is_target(disk, target)) return disk;
  return {};
}

pugi::xml_node find_owner(const pugi::xml_node& notes, const std::string& target) {
  for (const auto& note : notes.children())
    if (is_called(note, "owner") && target == note.attribute("target").value()) return note;
  return {};
}

/// Empty target: any.
pugi::xml_node find_withdrawn(const pugi::xml_node& notes, const std::string& target) {
  for (const auto& note : notes.children())
    if (is_called(note, "withdrawn") && (target.empty() || is_target(note.child("disk"), target))) return note;
  return {};
}

/// The order of disks says nothing, but a description is to be as it was, to the letter.
void put_back(pugi::xml_node devices, const pugi::xml_node& withdrawn) {
  auto place = withdrawn.attribute("at").as_int();
  pugi::xml_node before = devices.child("disk");
  while (before && place-- > 0) before = before.next_sibling("disk");
  const auto disk = withdrawn.child("disk");
  if (before) {
    devices.insert_copy_before(disk, before);
    return;
  }
  pugi::xml_node last;
  for (const auto& one : devices.children("disk")) last = one;
  if (last) devices.insert_copy_after(disk, last);
  if (!last) devices.append_copy(disk);
}

void set_image(pugi::xml_node disk, const Image& image) {
  for (const char* fact : {"backingStore", "mirror"}) disk.remove_child(fact);
  auto driver = disk.child("driver");
  if (!driver) driver = disk.prepend_child("driver");
  if (!driver.attribute("type")) driver.append_attribute("type");
  driver.attribute("type") = image.format.c_str();
  auto source = disk.child("source");
  source.remove_attribute("index");
  if (!source.attribute("file")) source.append_attribute("file");
  source.attribute("file") = image.path.c_str();
}

DiskImage image_called(const char* name) {
  for (const auto image : {DiskImage::handed, DiskImage::returned})
    if (std::strcmp(name, name_of(image)) == 0) return image;
  return DiskImage::own;
}

std::optional<DiskOwner> owner_in(const pugi::xml_node& note) {
  DiskOwner owner;
  owner.epoch = note.attribute("epoch").as_ullong();
  owner.side = std::strcmp(note.attribute("side").value(), "clone") == 0 ? DiskSide::clone : DiskSide::original;
  owner.image = image_called(note.attribute("image").value());
  return owner;
}

}  // namespace

Result<std::optional<DiskOwner>> read_owner(const std::string& persistent_xml, const std::string& run,
                                            const std::string& target) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  const auto note = find_owner(notes_in(domain_of(document)), target);
  if (!note) return std::nullopt;
  if (run == note.attribute("run").value()) return owner_in(note);
  return fail(Code::busy, "disk " + target + " is being handed over by another run, " + note.attribute("run").value(),
              "End that run first.");
}

Result<std::string> with_owner(const std::string& persistent_xml, const std::string& run, const std::string& target,
                               const DiskOwner& owner) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  auto notes = notes_of(domain_of(document));
  if (auto old = find_owner(notes, target)) notes.remove_child(old);
  auto note = notes.append_child("moult:owner");
  note.append_attribute("target") = target.c_str();
  note.append_attribute("run") = run.c_str();
  note.append_attribute("epoch") = std::to_string(owner.epoch).c_str();
  note.append_attribute("side") = name_of(owner.side);
  note.append_attribute("image") = name_of(owner.image);
  return xml_text(document);
}

Result<std::string> without_disk(const std::string& persistent_xml, const std::string& target) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  auto domain = domain_of(document);
  auto devices = domain.child("devices");
  const auto disk = find_disk(devices, target);
  if (!disk) return persistent_xml;
  int at = 0;
  for (auto one = devices.child("disk"); one && one != disk; one = one.next_sibling("disk")) ++at;
  auto notes = notes_of(domain);
  if (auto old = find_withdrawn(notes, target)) notes.remove_child(old);
  auto withdrawn = notes.append_child("moult:withdrawn");
  withdrawn.append_attribute("at") = at;
  withdrawn.append_copy(disk);
  devices.remove_child(disk);
  return xml_text(document);
}

Result<std::string> with_disk(const std::string& persistent_xml, const std::string& target, const Image& image) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  auto domain = domain_of(document);
  auto devices = domain.child("devices");
  auto notes = notes_in(domain);
  if (auto withdrawn = find_withdrawn(notes, target)) {
    if (!find_disk(devices, target)) put_back(devices, withdrawn);
    notes.remove_child(withdrawn);
  }
  auto disk = find_disk(devices, target);
  if (!disk) return fail(Code::not_found, "the machine's description has no disk " + target);
  set_image(disk, image);
  drop_if_empty(domain);
  return xml_text(document);
}

Result<std::string> disk_element(const std::string& xml, const std::string& target) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(xml, document));
  const auto disk = find_disk(domain_of(document).child("devices"), target);
  return disk ? xml_text(disk) : std::string();
}

Result<std::string> without_address(const std::string& disk_xml) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(disk_xml, document));
  document.child("disk").remove_child("address");
  return xml_text(document);
}

Result<std::string> lacking_disk(const std::string& persistent_xml, const std::string& live_xml) {
  pugi::xml_document persistent;
  pugi::xml_document live;
  MOULT_TRY(parse_xml(persistent_xml, persistent));
  MOULT_TRY(parse_xml(live_xml, live));
  for (const auto& note : notes_in(domain_of(persistent)).children()) {
    const bool withdrawn = is_called(note, "withdrawn");
    const auto named = withdrawn ? note.child("disk").child("target").attribute("dev") : note.attribute("target");
    const std::string target = named.value();
    if (withdrawn || !find_disk(domain_of(live).child("devices"), target)) return target;
  }
  return std::string();
}

Result<std::string> without_handover(const std::string& persistent_xml) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  auto domain = domain_of(document);
  auto notes = notes_in(domain);
  if (!notes) return persistent_xml;
  for (auto withdrawn = find_withdrawn(notes, {}); withdrawn; withdrawn = find_withdrawn(notes, {})) {
    put_back(domain.child("devices"), withdrawn);
    notes.remove_child(withdrawn);
  }
  drop_notes(domain, kUri);
  return xml_text(document);
}

}  // namespace moult::virt
