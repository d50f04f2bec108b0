#include "drivers/libvirt/nic_moves.hpp"

#include <cstring>
#include <pugixml.hpp>

#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/nic_place.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

pugi::xml_node find_nic(const pugi::xml_node& devices, const char* mac) {
  for (const auto& nic : devices.children("interface"))
    if (std::strcmp(mac_of(nic), mac) == 0) return nic;
  return {};
}

bool same_place(const pugi::xml_node& nic, const pugi::xml_node& wanted) {
  if (std::strcmp(nic.attribute("type").value(), wanted.attribute("type").value()) != 0) return false;
  const auto source = nic.child("source");
  const auto target = wanted.child("source");
  for (const char* attribute : {"bridge", "network", "portgroup"})
    if (target.attribute(attribute) &&
        std::strcmp(source.attribute(attribute).value(), target.attribute(attribute).value()) != 0)
      return false;
  return true;
}

NicMove move_of(const pugi::xml_node& nic, const pugi::xml_node& place) {
  pugi::xml_document document;
  auto moved = document.append_copy(nic);
  put_nic(moved, place);
  return {mac_of(nic), xml_text(document)};
}

}  // namespace

Result<std::vector<NicMove>> moves_to_bridge(const std::string& live_xml, const std::string& bridge) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(live_xml, document));
  pugi::xml_document place_document;
  auto place = place_document.append_child("interface");
  place.append_attribute("type") = "bridge";
  place.append_child("source").append_attribute("bridge") = bridge.c_str();
  std::vector<NicMove> moves;
  for (const auto& nic : document.child("domain").child("devices").children("interface"))
    if (!same_place(nic, place)) moves.push_back(move_of(nic, place));
  return moves;
}

Result<std::vector<NicMove>> moves_to_production(const std::string& live_xml,
                                                 const std::string& original_persistent_xml) {
  pugi::xml_document document;
  pugi::xml_document original;
  MOULT_TRY(parse_xml(live_xml, document));
  MOULT_TRY(parse_xml(original_persistent_xml, original));
  std::vector<NicMove> moves;
  for (const auto& nic : document.child("domain").child("devices").children("interface")) {
    const auto place = find_nic(original.child("domain").child("devices"), mac_of(nic));
    if (!place)
      return fail(Code::not_found,
                  std::string("the original's persistent description has no NIC with MAC ") + mac_of(nic),
                  "add the NIC to it, `virsh edit`");
    if (!same_place(nic, place)) moves.push_back(move_of(nic, place));
  }
  return moves;
}

Result<Side> side_of(const std::string& xml, const std::string& isolated_bridge, const std::string& sealed_bridge) {
  MOULT_ASSIGN(const Description seen, read_description(xml));
  bool first = true;
  Side side = Side::production;
  for (const auto& nic : seen.nics) {
    const Side here = nic.source == isolated_bridge ? Side::isolated
                      : nic.source == sealed_bridge ? Side::sealed
                                                    : Side::production;
    if (!first && here != side) return Side::mixed;
    side = here;
    first = false;
  }
  return side;
}

}  // namespace moult::virt
