#pragma once

#include "descriptors/base/result.hpp"

struct sqlite3;
namespace SQLite {
class Exception;
}

namespace moult {

/// What a failure of SQLite means to a caller. `connection` may be null.
[[nodiscard]] Error error_of(const SQLite::Exception& exception, sqlite3* connection);

/// Whether the file itself is bad, rather than the disk or the call.
[[nodiscard]] bool is_damage(const SQLite::Exception& exception);

}  // namespace moult
