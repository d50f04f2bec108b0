#pragma once

#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/libvirt/handles.hpp"
#include "drivers/libvirt/virt_error.hpp"

namespace moult::virt {

/// Takes over a string that libvirt allocated; null is libvirt's last error.
[[nodiscard]] Result<std::string> take_text(char* text, const std::string& what, Effect effect = Effect::none);

enum class Which { live, persistent };
/// A domain's XML with its secrets; `live` is the persistent one where the machine is off.
[[nodiscard]] Result<std::string> domain_xml(_virDomain* domain, Which which);

[[nodiscard]] bool is_running(_virDomain* domain);

}  // namespace moult::virt
