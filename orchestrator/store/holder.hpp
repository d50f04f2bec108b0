#pragma once

#include <optional>
#include <string>

#include "orchestrator/store/run_lock.hpp"

namespace moult {

[[nodiscard]] std::string to_json(const Holder& holder);
/// Nothing where the text is not (yet) that of a holder.
[[nodiscard]] std::optional<Holder> holder_of(const std::string& text);

}  // namespace moult
