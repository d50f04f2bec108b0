#pragma once

#include <cstdint>
#include <string>

#include "descriptors/native.hpp"

namespace moult::postgresql {

inline constexpr const char* kSchema = "moult_native";  ///< holds the run's own tables while it lasts

/// Under what PostgreSQL shows the run's own sessions.
inline constexpr const char* kApplication = "moult_psql";

/// What one direction makes in a cluster. Fixed names: a machine is in one run at a time, and what a run that died left
/// is found again.
struct Names {
  explicit Names(bool forward) : way(forward ? "moult_there" : "moult_back") {}
  std::string way;  ///< also the names of role, publication and subscription
  [[nodiscard]] std::string inserts() const { return way + "_inserts"; }
  [[nodiscard]] std::string fence() const { return way + "_fence"; }
  /// Slots are the whole cluster's, so the database is in the name.
  [[nodiscard]] std::string slot(const std::string& database) const {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : database) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    std::string digits;
    for (int i = 0; i < 16; ++i) digits += "0123456789abcdef"[(hash >> (4 * i)) & 15];
    return way + "_" + digits;
  }
};

}  // namespace moult::postgresql
