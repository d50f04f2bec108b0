#pragma once

#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"

namespace moult {

/// The one way to write a JSON object: keys sorted by bytes, no white space, shortest digits of numbers, UTF-8 as it
/// is. invalid when it is no object, has a key twice, is deeper than 64, or is not UTF-8.
[[nodiscard]] Result<std::string> canonical_json(std::string_view object);

/// canonical_json() with secrets replaced by "[redacted]": values of keys that look like a password, token or key,
/// the same in command lines ("--password x", "token=x"), and the password in a URL. A guard, not a licence.
[[nodiscard]] Result<std::string> canonical_facts(std::string_view object);

/// "password", "db_password", "API-Token", "privateKey" ...; not "public_key", "key".
[[nodiscard]] bool looks_secret(std::string_view key);

}  // namespace moult
