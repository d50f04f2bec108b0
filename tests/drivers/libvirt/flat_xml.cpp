#include "flat_xml.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <pugixml.hpp>
#include <stdexcept>

namespace moult::test {
namespace {

void walk(const pugi::xml_node& node, const std::string& above, std::multiset<std::string>& lines) {
  const std::string path = above + "/" + node.name();
  if (node.first_attribute().empty() && node.first_child().empty()) lines.insert(path);
  for (const auto& attribute : node.attributes()) lines.insert(path + "@" + attribute.name() + "=" + attribute.value());
  for (const auto& child : node.children()) {
    if (child.type() == pugi::node_pcdata) {
      lines.insert(path + "=" + child.value());
    } else {
      walk(child, path, lines);
    }
  }
}

}  // namespace

std::multiset<std::string> flatten(const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_string(xml.c_str())) throw std::runtime_error("not XML");
  std::multiset<std::string> lines;
  walk(document.document_element(), "", lines);
  return lines;
}

Difference difference(const std::string& before, const std::string& after) {
  const auto old_lines = flatten(before);
  const auto new_lines = flatten(after);
  Difference found;
  std::set_difference(old_lines.begin(), old_lines.end(), new_lines.begin(), new_lines.end(),
                      std::back_inserter(found.lost));
  std::set_difference(new_lines.begin(), new_lines.end(), old_lines.begin(), old_lines.end(),
                      std::back_inserter(found.added));
  return found;
}

std::string sample(const std::string& name) {
  std::ifstream file("tests/drivers/libvirt/samples/" + name);
  if (!file) throw std::runtime_error("no sample " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace moult::test
