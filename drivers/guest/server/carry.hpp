#pragma once

#include "drivers/fd.hpp"
#include "drivers/guest/protocol/stream.hpp"

namespace moult::guest {

/// Joins a stream and a connected, non-blocking socket until both directions have ended, or either breaks; then the
/// other is broken too, never ended: whoever reads there must not take what came so far for all.
void carry(Stream& stream, Fd socket);

}  // namespace moult::guest
