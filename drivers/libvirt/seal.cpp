#include "drivers/libvirt/seal.hpp"

#include <cstring>
#include <pugixml.hpp>

#include "drivers/libvirt/domain_notes.hpp"
#include "drivers/libvirt/nic_place.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr const char* kSeal = "production";
constexpr const char* kSealUri = "urn:moult:seal:1";

pugi::xml_node nics_of(const pugi::xml_document& document) { return document.child("domain").child("devices"); }

pugi::xml_node find_kept(const pugi::xml_node& seal, const char* mac) {
  for (const auto& kept : seal.children())
    if (std::strcmp(kept.attribute("mac").value(), mac) == 0) return kept;
  return {};
}

}  // namespace

Result<std::string> sealed_description(const std::string& persistent_xml, const std::string& bridge) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  if (find_notes(document.child("domain"), kSealUri)) return persistent_xml;
  auto seal = make_notes(document.child("domain"), kSeal, kSealUri);
  pugi::xml_document sealed;
  auto place = sealed.append_child("interface");
  place.append_attribute("type") = "bridge";
  place.append_child("source").append_attribute("bridge") = bridge.c_str();
  for (auto nic : nics_of(document).children("interface")) {
    auto kept = seal.append_child("moult:nic");
    kept.append_attribute("mac") = mac_of(nic);
    kept.append_attribute("type") = nic.attribute("type").value();
    kept.append_copy(nic.child("source"));
    put_nic(nic, place);
  }
  return xml_text(document);
}

Result<std::string> unsealed_description(const std::string& persistent_xml) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  const auto domain = document.child("domain");
  const auto seal = find_notes(domain, kSealUri);
  if (!seal) return persistent_xml;
  for (auto nic : nics_of(document).children("interface"))
    if (const auto kept = find_kept(seal, mac_of(nic))) put_nic(nic, kept);
  drop_notes(domain, kSealUri);
  return xml_text(document);
}

}  // namespace moult::virt
