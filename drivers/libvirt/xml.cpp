#include "drivers/libvirt/xml.hpp"

#include <pugixml.hpp>
#include <sstream>

namespace moult::virt {

std::string xml_text(const pugi::xml_node& node) {
  std::ostringstream out;
  node.print(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

Result<> parse_xml(const std::string& text, pugi::xml_document& into) {
  // White space between elements means nothing in libvirt's XML; text inside (a description, a command line) is kept.
  const auto parsed = into.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (parsed) return {};
  return fail(Code::internal,
              "libvirt's XML cannot be read at byte " + std::to_string(parsed.offset) + ": " + parsed.description());
}

}  // namespace moult::virt
