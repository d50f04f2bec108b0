#pragma once

#include "drivers/fd.hpp"
#include "drivers/guest/protocol/stream.hpp"

namespace moult::guest {

/// Joins a stream and a connected, non-blocking socket until both directions have ended, or either breaks; then the
/// other is broken too, never ended: whoever reads there must not take what came so far for all.
void carry(Stream& stream, Fd socket);

/// Sends what a descriptor, non-blocking, has to give, until its end, which is the stream's too, or until the stream is
/// over.
void to_stream(int fd, Stream& stream);
/// Waits until a descriptor has the events. False: the stream is over.
[[nodiscard]] bool wait_for(int fd, short events, const Stream& stream);

}  // namespace moult::guest
