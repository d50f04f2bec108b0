#pragma once

#include <memory>
#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Finds a component's level in a guest, as text. Changes nothing.
class LevelSource {
 public:
  virtual ~LevelSource() = default;
  /// Nothing: not installed. The text is trimmed and otherwise as it was found.
  virtual Result<std::optional<std::string>> find(GuestAccess& guest) const = 0;
};

[[nodiscard]] std::unique_ptr<LevelSource> make_level_source(const DetectSpec& spec);
[[nodiscard]] std::unique_ptr<LevelSource> make_deb_level(std::string package);

}  // namespace moult
