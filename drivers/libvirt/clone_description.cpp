#include "drivers/libvirt/clone_description.hpp"

#include <cstring>
#include <pugixml.hpp>
#include <vector>

#include "drivers/libvirt/char_devices.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

pugi::xml_node child_of(pugi::xml_node parent, const char* name) {
  const auto found = parent.child(name);
  return found ? found : parent.append_child(name);
}

void set(pugi::xml_node node, const char* attribute, const std::string& value) {
  auto found = node.attribute(attribute);
  if (!found) found = node.append_attribute(attribute);
  found.set_value(value.c_str());
}

void set_mark(pugi::xml_node domain, const CloneMark& mark) {
  auto metadata = domain.child("metadata");
  if (!metadata) metadata = domain.insert_child_after("metadata", domain.child("name"));
  metadata.remove_child("moult:run");
  auto run = metadata.append_child("moult:run");
  set(run, "xmlns:moult", kMarkUri);
  set(run, "id", mark.run);
  set(run, "original", mark.original);
  set(run, "serves", mark.serves ? "yes" : "no");
}

// SMBIOS may repeat the machine's UUID, and libvirt insists that both are equal.
void drop_smbios_uuid(pugi::xml_node domain) {
  for (auto sysinfo : domain.children("sysinfo")) {
    auto system = sysinfo.child("system");
    const auto entry = system.find_child_by_attribute("entry", "name", "uuid");
    if (entry) system.remove_child(entry);
  }
}

void drop_process_facts(pugi::xml_node domain) {
  domain.remove_attribute("id");
  for (auto label : domain.children("seclabel")) {
    if (std::strcmp(label.attribute("type").value(), "dynamic") != 0) continue;
    label.remove_child("label");
    label.remove_child("imagelabel");
  }
}

// Aliases are libvirt's, given at each start; those that begin with "ua-" are the owner's.
void drop_aliases(pugi::xml_node node) {
  for (auto child = node.first_child(); child;) {
    const auto next = child.next_sibling();
    if (std::strcmp(child.name(), "alias") == 0 && std::strncmp(child.attribute("name").value(), "ua-", 3) != 0) {
      node.remove_child(child);
    } else {
      drop_aliases(child);
    }
    child = next;
  }
}

void set_image(pugi::xml_node disk, const Image& image) {
  set(child_of(disk, "driver"), "type", image.format);
  set(child_of(disk, "source"), "file", image.path);
}

Result<> set_images(pugi::xml_node devices, const std::map<std::string, Image>& images) {
  auto left = images;
  for (auto disk : devices.children("disk")) {
    disk.remove_child("backingStore");
    disk.remove_child("mirror");
    disk.child("source").remove_attribute("index");
    const auto image = left.find(disk.child("target").attribute("dev").value());
    if (image == left.end()) continue;
    set_image(disk, image->second);
    left.erase(image);
  }
  if (left.empty()) return {};
  return fail(Code::internal, "the machine has no disk " + left.begin()->first);
}

void isolate_nics(pugi::xml_node devices, const std::string& bridge) {
  for (auto nic : devices.children("interface")) {
    set(nic, "type", "bridge");
    auto source = child_of(nic, "source");
    source.remove_attributes();
    set(source, "bridge", bridge);
    nic.remove_child("target");  // the tap's name
  }
}

// libvirt copies the template when the machine starts without variables of its own.
void own_nvram(pugi::xml_node os, const std::string& clone_name) {
  auto nvram = os.child("nvram");
  if (!nvram) return;
  auto source = nvram.child("source");
  const std::string original = source ? source.attribute("file").value() : nvram.text().as_string();
  if (original.empty()) return;
  const std::string own = clone_nvram(original, clone_name);
  if (source) {
    set(source, "file", own);
  } else {
    nvram.text().set(own.c_str());
  }
  set(nvram, "template", original);
  // With the firmware named in full, libvirt must not choose one again: it would draw empty variables.
  os.remove_attribute("firmware");
  os.remove_child("firmware");
}

void redraw_addresses(pugi::xml_node domain) {
  if (auto generation = domain.child("genid")) generation.remove_children();
  auto devices = domain.child("devices");
  for (auto vsock : devices.children("vsock")) {
    auto cid = child_of(vsock, "cid");
    cid.remove_attributes();
    set(cid, "auto", "yes");
  }
  for (auto graphics : devices.children("graphics")) {
    for (const char* attribute : {"port", "tlsPort", "websocket", "websocketGenerated", "socket"})
      graphics.remove_attribute(attribute);
    const std::string type = graphics.attribute("type").value();
    if (type == "vnc" || type == "spice" || type == "rdp") set(graphics, "autoport", "yes");
    for (auto listen : graphics.children("listen"))
      if (std::strcmp(listen.attribute("type").value(), "socket") == 0) listen.remove_attribute("socket");
  }
}

std::map<std::string, Image> overlay_images(const std::map<std::string, std::string>& overlays) {
  std::map<std::string, Image> images;
  for (const auto& [target, path] : overlays) images[target] = {path, "qcow2"};
  return images;
}

}  // namespace

std::string clone_nvram(const std::string& original_nvram, const std::string& clone_name) {
  return directory_of(original_nvram) + "/" + clone_name + "_VARS.fd";
}

Result<std::string> clone_description(const std::string& live_xml, const CloneIdentity& identity) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(live_xml, document));
  auto domain = document.child("domain");
  auto devices = domain.child("devices");
  domain.child("name").text().set(identity.name.c_str());
  domain.remove_child("uuid");
  set_mark(domain, identity.mark);
  drop_smbios_uuid(domain);
  drop_process_facts(domain);
  drop_aliases(devices);
  MOULT_TRY(set_images(devices, overlay_images(identity.overlays)));
  isolate_nics(devices, identity.bridge);
  own_nvram(domain.child("os"), identity.name);
  redraw_addresses(domain);
  contain_char_devices(devices);
  add_helper_port(devices, identity.helper_port);
  return xml_text(document);
}

Result<std::string> successor_description(const std::string& original_persistent_xml,
                                          const SuccessorIdentity& identity) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(original_persistent_xml, document));
  auto domain = document.child("domain");
  domain.child("name").text().set(identity.name.c_str());
  child_of(domain, "uuid").text().set(identity.uuid.c_str());
  set_mark(domain, identity.mark);
  drop_smbios_uuid(domain);
  MOULT_TRY(set_images(domain.child("devices"), identity.images));
  if (!identity.nvram.empty()) {
    auto nvram = child_of(domain.child("os"), "nvram");
    if (nvram.child("source")) {
      set(nvram.child("source"), "file", identity.nvram);
    } else {
      nvram.text().set(identity.nvram.c_str());
    }
  }
  return xml_text(document);
}

}  // namespace moult::virt
