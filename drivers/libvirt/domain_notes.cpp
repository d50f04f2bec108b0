#include "drivers/libvirt/domain_notes.hpp"

#include <cstring>
#include <string>

namespace moult::virt {
namespace {

/// Metadata come behind name, UUID, title and description.
pugi::xml_node metadata_of(pugi::xml_node domain) {
  if (auto metadata = domain.child("metadata")) return metadata;
  pugi::xml_node last;
  for (const char* name : {"name", "uuid", "genid", "title", "description"})
    if (const auto element = domain.child(name)) last = element;
  return last ? domain.insert_child_after("metadata", last) : domain.prepend_child("metadata");
}

}  // namespace

pugi::xml_node find_notes(const pugi::xml_node& domain, const char* uri) {
  for (const auto& element : domain.child("metadata").children())
    for (const auto& attribute : element.attributes())
      if (std::strncmp(attribute.name(), "xmlns", 5) == 0 && std::strcmp(attribute.value(), uri) == 0) return element;
  return {};
}

pugi::xml_node make_notes(pugi::xml_node domain, const char* name, const char* uri) {
  if (auto notes = find_notes(domain, uri)) return notes;
  auto notes = metadata_of(domain).append_child((std::string("moult:") + name).c_str());
  notes.append_attribute("xmlns:moult") = uri;
  return notes;
}

void drop_notes(pugi::xml_node domain, const char* uri) {
  auto metadata = domain.child("metadata");
  if (const auto notes = find_notes(domain, uri)) metadata.remove_child(notes);
  if (metadata && !metadata.first_child()) domain.remove_child(metadata);
}

}  // namespace moult::virt
