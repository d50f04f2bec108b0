#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "drivers/guest/protocol/messages.hpp"
#include "drivers/guest/protocol/stream.hpp"
#include "drivers/guest/server/commands.hpp"
#include "drivers/guest/server/tunnels.hpp"

namespace moult::guest {

/// What must be known of the helper after its sudden death; lies in memory shared with whoever watches over it.
struct Legacy {
  std::atomic<bool> frozen = false;               ///< true from before a freeze until after its thaw
  std::atomic<std::uint32_t> head = 0, tail = 0;  ///< token of the connection, as long as there is one
};

/// What the helper offers.
struct Service {
  GuestAccess& access;
  GuestFiles& files;
  std::function<Result<>()> announce;
  std::function<Result<TcpConnections>()> connections;
  std::function<Result<>(const TcpConnections&)> tickle;
  std::function<Result<>()> remove;  ///< cleans up; when it succeeds, the server stops after the answer
  Legacy* legacy = nullptr;          ///< when given, is kept up to date
  Tunnels tunnels{};
  Commands commands{};
};

/// Reads the request of a stream, does what it asks and answers, or aborts the stream with the error. True: it
/// succeeded.
bool answer(Service& service, Stream& stream);

/// Answers the methods of GuestFiles; the body of the reply.
[[nodiscard]] Result<Buffer> answer_files(Service& service, Method method, Stream& stream, Reader& request);

}  // namespace moult::guest
