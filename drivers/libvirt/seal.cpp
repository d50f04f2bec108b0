#include "drivers/libvirt/seal.hpp"

#include <cstring>
#include <pugixml.hpp>

#include "drivers/libvirt/nic_place.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr const char* kSeal = "moult:production";
constexpr const char* kSealUri = "urn:moult:seal:1";

pugi::xml_node nics_of(const pugi::xml_document& document) { return document.child("domain").child("devices"); }

/// libvirt may call our namespace by another prefix.
pugi::xml_node seal_in(const pugi::xml_node& metadata) {
  for (const auto& element : metadata.children())
    for (const auto& attribute : element.attributes())
      if (std::strncmp(attribute.name(), "xmlns", 5) == 0 && std::strcmp(attribute.value(), kSealUri) == 0)
        return element;
  return {};
}

/// Metadata come behind name, UUID, title and description.
pugi::xml_node metadata_of(pugi::xml_node domain) {
  if (auto metadata = domain.child("metadata")) return metadata;
  pugi::xml_node last;
  for (const char* name : {"name", "uuid", "genid", "title", "description"})
    if (const auto element = domain.child(name)) last = element;
  return last ? domain.insert_child_after("metadata", last) : domain.prepend_child("metadata");
}

pugi::xml_node find_kept(const pugi::xml_node& seal, const char* mac) {
  for (const auto& kept : seal.children())
    if (std::strcmp(kept.attribute("mac").value(), mac) == 0) return kept;
  return {};
}

}  // namespace

Result<std::string> sealed_description(const std::string& persistent_xml, const std::string& bridge) {
  pugi::xml_document document;
  MOULT_TRY(parse_xml(persistent_xml, document));
  auto metadata = metadata_of(document.child("domain"));
  if (seal_in(metadata)) return persistent_xml;
  auto seal = metadata.append_child(kSeal);
  seal.append_attribute("xmlns:moult") = kSealUri;
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
  auto domain = document.child("domain");
  auto metadata = domain.child("metadata");
  const auto seal = seal_in(metadata);
  if (!seal) return persistent_xml;
  for (auto nic : nics_of(document).children("interface"))
    if (const auto kept = find_kept(seal, mac_of(nic))) put_nic(nic, kept);
  metadata.remove_child(seal);
  if (!metadata.first_child()) domain.remove_child(metadata);
  return xml_text(document);
}

}  // namespace moult::virt
