#pragma once

#include <pugixml.hpp>

// What is written down in a domain's description, below `metadata`: one element for each purpose. It is known by its
// namespace, for libvirt may call that by another prefix.
namespace moult::virt {

/// Empty when there is none.
[[nodiscard]] pugi::xml_node find_notes(const pugi::xml_node& domain, const char* uri);
/// Makes it when there is none, as `moult:NAME`.
pugi::xml_node make_notes(pugi::xml_node domain, const char* name, const char* uri);
/// Leaves the description as if there had never been one; it may be missing.
void drop_notes(pugi::xml_node domain, const char* uri);

}  // namespace moult::virt
