#pragma once

#include <string>
#include <unordered_map>

#include "drivers/guest/files/stamp.hpp"
#include "drivers/guest_files.hpp"

namespace moult::files {

/// A file of the target's, as much of it as a difference needs.
struct Signature {
  Stamp stamp{};
  std::string bytes;
};

using Signatures = std::unordered_map<std::string, Signature>;

/// One file's signature as it travels.
[[nodiscard]] std::string saved_signature(const std::string& path, const Signature& signature);
/// Reads to the source's end; of a path that comes twice, the latter counts. Errors: invalid, also for more than
/// kSignatureBytes.
Result<Signatures> load_signatures(const ByteSource& source);

}  // namespace moult::files
