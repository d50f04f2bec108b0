#include "drivers/libvirt/nic_place.hpp"

#include <pugixml.hpp>

namespace moult::virt {

const char* mac_of(const pugi::xml_node& nic) { return nic.child("mac").attribute("address").value(); }

void put_nic(pugi::xml_node& nic, const pugi::xml_node& place) {
  nic.attribute("type").set_value(place.attribute("type").value());
  auto before = nic.child("source");
  nic.insert_copy_before(place.child("source"), before);
  nic.remove_child(before);
}

}  // namespace moult::virt
