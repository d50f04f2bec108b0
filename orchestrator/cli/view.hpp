#pragma once

#include <memory>

#include "orchestrator/observer.hpp"

namespace moult {

/// Progress on standard error: a live view on a terminal, plain lines elsewhere, nothing when quiet. NO_COLOR is
/// respected.
[[nodiscard]] std::unique_ptr<Observer> make_view(bool quiet);

}  // namespace moult
