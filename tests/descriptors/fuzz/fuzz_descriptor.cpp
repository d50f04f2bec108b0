// Any bytes are read as both kinds of descriptor: no crash, no hang, and each finding says where it is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "descriptors/parse/descriptor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto check = [](const auto& loaded) {
    for (const auto& finding : loaded.findings)
      if (finding.at.line < 1 || finding.at.column < 1 || finding.text().find('\n') != std::string::npos) std::abort();
  };
  check(moult::parse::appliance_from_bytes(bytes, "appliance.yaml"));
  check(moult::parse::maintenance_from_bytes(bytes, "maintenance.yaml"));
  return 0;
}
