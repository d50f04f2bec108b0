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

/// Carries out a store's writes, each outside atomically() and each outermost atomically() as one, in its own way.
class WriteCalls {
 public:
  using Effect = std::function<Result<>()>;
  virtual ~WriteCalls() = default;
  /// Runs `effect` once, or not at all, and says what the caller is told. May throw, as a death does: what `effect` did
  /// not complete is gone.
  virtual Result<> write(std::string_view operation, const Effect& effect) = 0;
  /// All of an atomically() is written and nothing is committed: an error tears it, so that nothing of it remains.
  virtual Result<> before_commit() { return {}; }
};

/// Decorates a store with faults for tests and the simulator. Both must outlive it.
[[nodiscard]] std::unique_ptr<Store> make_faulty_store(Store& inner, WriteFaults faults);
[[nodiscard]] std::unique_ptr<Store> make_faulty_store(Store& inner, std::unique_ptr<WriteCalls> calls);

}  // namespace moult
