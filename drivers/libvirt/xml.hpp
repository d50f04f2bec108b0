#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

namespace moult::virt {

/// The document as text, without declaration and without added white space.
[[nodiscard]] std::string xml_text(const pugi::xml_node& node);
/// Parses libvirt's XML. Error: internal, with the place.
[[nodiscard]] Result<> parse_xml(const std::string& text, pugi::xml_document& into);

}  // namespace moult::virt
