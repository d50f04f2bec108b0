#pragma once

#include <string>
#include <unordered_map>

#include "drivers/guest/files/stamp.hpp"
#include "drivers/guest_access.hpp"

namespace moult::files {

constexpr std::size_t kSignatureBytes = 16U << 20;  ///< of one round, on either side

/// A file of the target's, as much of it as a difference needs.
struct Signature {
  Stamp stamp{};
  std::string bytes;
};

using Signatures = std::unordered_map<std::string, Signature>;

/// One file's signature as it travels.
Result<> save_signature(const std::string& path, const Signature& signature, const ByteSink& sink);
/// Reads to the source's end. Errors: invalid.
Result<Signatures> load_signatures(const ByteSource& source);

}  // namespace moult::files
