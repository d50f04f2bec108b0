#pragma once

#include <functional>
#include <string_view>

#include "orchestrator/store/store.hpp"

namespace moult {

/// What happens to one write of a faulty store.
enum class WriteFault {
  none,
  refused,  ///< fails before anything is written: no_space, disposition fail
  lost,     ///< is written, and yet reported as failed: io, disposition ambiguous
};

/// Asked before each write outside atomically() by the operation's name ("create_run", "set_state", "intend",
/// "conclude", "put_value", "append", "sign_head"), and once for each outermost atomically() ("commit").
using WriteFaults = std::function<WriteFault(std::string_view operation)>;

/// Decorates a store with faults for tests and the simulator. Both must outlive it.
[[nodiscard]] std::unique_ptr<Store> make_faulty_store(Store& inner, WriteFaults faults);

}  // namespace moult
