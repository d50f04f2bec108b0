#pragma once

#include <functional>

#include "drivers/guest_session.hpp"

namespace moult {

/// A side of a data set; asked anew at each use, because a session may be opened only when a step needs it.
using SessionOf = std::function<Result<GuestSession*>()>;

}  // namespace moult
