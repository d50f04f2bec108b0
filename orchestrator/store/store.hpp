#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/store/audit_log.hpp"
#include "orchestrator/store/journal.hpp"

namespace moult {

/// A journal and an audit log that commit together. Safe from several threads; several processes may share a state
/// directory.
class Store {
 public:
  virtual ~Store() = default;
  virtual Journal& journal() = 0;
  virtual AuditLog& audit() = 0;

  /// Runs body; all writes in it become durable together when this returns, or none does: also when body returns an
  /// error, which is passed on. One commit, hence one fsync. Other threads wait meanwhile, so body only writes here and
  /// waits for nobody. Calls nest; the outermost commits.
  virtual Result<> atomically(const std::function<Result<>()>& body) = 0;
};

/// Opens `<state_dir>/moult.db`, creating both with mode 0700/0600 where missing, and migrates an older schema.
/// Errors: refused (written by a newer moult), invalid (damaged; the message says what can still be read, and
/// salvage.hpp reads it), busy, no_space, io.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const std::string& state_dir);

/// The same for reading only; every write is refused. not_found when there is no store yet.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store_read_only(const std::string& state_dir);

/// A store in memory, with the same contract but durability, which it has as long as it lives. For the simulator.
[[nodiscard]] std::unique_ptr<Store> make_memory_store();

}  // namespace moult
