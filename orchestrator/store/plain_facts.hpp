#pragma once

#include <string_view>

namespace moult {

/// Is this a flat JSON object that is written canonically already, and is there nothing in it that could be a secret?
/// What a run writes down at each of its steps is: it need not be parsed to be left as it is. False says nothing.
[[nodiscard]] bool are_plain_facts(std::string_view object);

}  // namespace moult
