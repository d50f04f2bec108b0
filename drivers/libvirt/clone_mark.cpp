#include "drivers/libvirt/clone_mark.hpp"

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <cstring>
#include <pugixml.hpp>

#include "drivers/libvirt/xml.hpp"

namespace moult::virt {

std::string mark_element(const CloneMark& mark) {
  pugi::xml_document document;
  auto run = document.append_child("run");
  run.append_attribute("id") = mark.run.c_str();
  run.append_attribute("original") = mark.original.c_str();
  run.append_attribute("serves") = mark.serves ? "yes" : "no";
  return xml_text(document);
}

std::optional<CloneMark> parse_mark(const std::string& element) {
  pugi::xml_document document;
  if (!document.load_string(element.c_str())) return std::nullopt;
  const auto run = document.document_element();
  const char* name = std::strchr(run.name(), ':') == nullptr ? run.name() : std::strchr(run.name(), ':') + 1;
  if (std::strcmp(name, "run") != 0 || !run.attribute("id") || !run.attribute("original")) return std::nullopt;
  return CloneMark{run.attribute("id").value(), run.attribute("original").value(),
                   std::strcmp(run.attribute("serves").value(), "yes") == 0};
}

std::optional<CloneMark> read_mark(_virDomain* domain) {
  char* text = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, kMarkUri, VIR_DOMAIN_AFFECT_CURRENT);
  if (text == nullptr) return std::nullopt;
  auto mark = parse_mark(text);
  std::free(text);
  return mark;
}

DomainHandle find_successor(_virConnect* connection, const std::string& original) {
  virDomainPtr* domains = nullptr;
  const int count = virConnectListAllDomains(connection, &domains, 0);
  DomainHandle found;
  for (int i = 0; i < count; ++i) {
    DomainHandle domain(domains[i]);
    const auto mark = read_mark(domain.get());
    if (!found && mark && mark->serves && mark->original == original) found = std::move(domain);
  }
  std::free(domains);
  return found;
}

}  // namespace moult::virt
