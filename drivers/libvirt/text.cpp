#include "drivers/libvirt/text.hpp"

#include <libvirt/libvirt.h>

#include <cstdlib>

namespace moult::virt {

Result<std::string> take_text(char* text, const std::string& what, Effect effect) {
  if (text == nullptr) return virt_fail(what, effect);
  std::string taken = text;
  std::free(text);
  return taken;
}

Result<std::string> domain_xml(_virDomain* domain, Which which) {
  unsigned flags = VIR_DOMAIN_XML_SECURE;
  if (which == Which::persistent) flags |= VIR_DOMAIN_XML_INACTIVE;
  return take_text(virDomainGetXMLDesc(domain, flags),
                   std::string("description of domain ") + virDomainGetName(domain));
}

bool is_running(_virDomain* domain) { return virDomainIsActive(domain) == 1; }

}  // namespace moult::virt
