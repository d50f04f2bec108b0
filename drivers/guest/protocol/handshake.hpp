#pragma once

#include <cstdint>
#include <string>

#include "drivers/guest/protocol/frame.hpp"
#include "drivers/guest/protocol/wire.hpp"

namespace moult::guest {

inline constexpr std::uint32_t kProtocolVersion = 3;

/// Who answers in the guest.
struct Peer {
  std::string run;       ///< the run that it was started for
  std::string boot;      ///< the kernel's boot id
  std::string instance;  ///< random, new at each start of the helper
};

/// One connection's agreement.
struct Greeting {
  Token token;
  Peer peer;
};

/// Client: agrees on a new connection over a channel that may still hold pieces of earlier ones, in both directions.
/// Calls again, each time with a fresh nonce and after enough padding to complete any half-sent frame, until an answer
/// carries the last nonce. Errors: unreachable (nobody answered before the deadline); invalid (another version, or
/// nonsense).
[[nodiscard]] Result<Greeting> greet(Wire& wire, Moment deadline);

/// Server: looks for a client's call in whatever comes in, and answers it. Returns how that ended.
enum class Call { accepted, closed, deadline, interrupted };
[[nodiscard]] Call await_call(Wire& wire, const Peer& self, Moment deadline, Token& token);

/// 64 bits that nobody guesses, never 0.
[[nodiscard]] std::uint64_t fresh_nonce();

}  // namespace moult::guest
