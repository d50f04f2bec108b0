#include "drivers/libvirt/char_devices.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <pugixml.hpp>
#include <string_view>

#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr const char* kHelperPrefix = "org.moult.";

// Backends that reach nothing outside the machine's own process and displays.
bool is_contained(std::string_view type) {
  constexpr std::array<std::string_view, 8> kContained{"pty",      "null",      "vc",           "stdio",
                                                       "spicevmc", "spiceport", "qemu-vdagent", "dbus"};
  return std::find(kContained.begin(), kContained.end(), type) != kContained.end();
}

void drop_backend(pugi::xml_node device) {
  while (device.remove_child("source")) {
  }
  for (const char* child : {"protocol", "log"}) device.remove_child(child);
  device.remove_attribute("tty");
}

void become(pugi::xml_node device, const char* type) {
  device.attribute("type").set_value(type);
  drop_backend(device);
}

void contain(pugi::xml_node device) {
  const std::string_view type = device.attribute("type").value();
  const bool virtio_port = std::strcmp(device.name(), "channel") == 0;
  device.child("target").remove_attribute("state");  // whether the guest has it open
  if (type == "pty") {
    drop_backend(device);  // which terminal it was
  } else if (is_contained(type)) {
    device.remove_child("log");
  } else if (virtio_port) {
    become(device, "unix");
    auto source = device.prepend_child("source");
    source.append_attribute("mode") = "bind";
  } else {
    become(device, "pty");
  }
}

pugi::xml_node append_channel(pugi::xml_node parent, const std::string& port) {
  auto channel = parent.append_child("channel");
  channel.append_attribute("type") = "unix";
  channel.append_child("source").append_attribute("mode") = "bind";
  auto target = channel.append_child("target");
  target.append_attribute("type") = "virtio";
  target.append_attribute("name") = port.c_str();
  return channel;
}

bool is_helper_port(const pugi::xml_node& channel) {
  return std::strncmp(channel.child("target").attribute("name").value(), kHelperPrefix, std::strlen(kHelperPrefix)) ==
         0;
}

}  // namespace

void contain_char_devices(pugi::xml_node devices) {
  for (auto device : devices.children()) {
    const std::string_view name = device.name();
    if (name == "serial" || name == "parallel" || name == "console" || name == "channel") contain(device);
  }
}

void add_helper_port(pugi::xml_node devices, const std::string& port) {
  for (auto channel = devices.child("channel"); channel;) {
    const auto next = channel.next_sibling("channel");
    if (is_helper_port(channel)) devices.remove_child(channel);
    channel = next;
  }
  append_channel(devices, port);
}

std::string channel_element(const std::string& port) {
  pugi::xml_document document;
  append_channel(document, port);
  return xml_text(document);
}

Result<std::string> find_channel_element(const std::string& domain_xml, const std::string& port) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(domain_xml, document));
  for (const auto& channel : document.child("domain").child("devices").children("channel"))
    if (port == channel.child("target").attribute("name").value()) return xml_text(channel);
  return std::string();
}

}  // namespace moult::virt
