#pragma once

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/guest_access.hpp"
#include "drivers/sim/state.hpp"

namespace moult::sim {

/// One path of a round: how it is now, or that it is gone.
struct Record {
  std::string path;
  bool gone = false;
  FileNode node;
};

/// A round on the wire: its records and a closing count, without which it is not complete.
[[nodiscard]] std::string encode_round(const std::vector<Record>& records);
[[nodiscard]] Result<std::vector<Record>> decode_round(const std::string& bytes);

/// A target's manifest on the wire.
[[nodiscard]] std::string encode_manifest(const Target& target);
[[nodiscard]] Result<std::map<std::string, Held>> decode_manifest(const std::string& bytes);

[[nodiscard]] Result<> send(const std::string& bytes, const ByteSink& sink);
[[nodiscard]] Result<std::string> receive(const ByteSource& source);

}  // namespace moult::sim
