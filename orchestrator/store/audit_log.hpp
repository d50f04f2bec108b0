#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult {

/// What happened, for people. `run` is empty for what belongs to no run (a refused command line).
struct AuditEntry {
  std::string run;
  std::string step;   ///< may be empty
  std::string actor;  ///< who
  std::string utc;    ///< RFC 3339, ending in "Z"
  std::string event;  ///< dotted and stable: "run.state", "gate.approved"
  std::string facts = "{}";
};

/// An entry in its place in the chain. docs/audit.md says what the hashes cover.
struct AuditRow : AuditEntry {
  std::int64_t seq = 0;      ///< 1, 2, 3 ... over the whole log
  std::int64_t run_row = 0;  ///< 1, 2, 3 ... within the run
  std::string digest;        ///< SHA-256 of the entry but its run, in hex
  std::string prev_hash;     ///< the hash before, or the genesis of this chain
  std::string hash;          ///< SHA-256 of prev_hash, seq, run, run_row and digest, in hex
};

/// "Up to here the chain was so": signed with the store's Ed25519 key. All binary fields in hex.
struct SignedHead {
  std::string chain;
  std::int64_t seq = 0;
  std::string hash;
  std::string utc;
  std::string public_key;
  std::string signature;
};

/// Where the chain stands.
struct ChainTip {
  std::string chain;        ///< random id of this log, part of the genesis and of every signed head
  std::int64_t issued = 0;  ///< the highest seq ever given out, also when that row is gone now
};

/// The append-only log of a store: one hash chain over all its runs.
/// Writes are durable as the Journal's are; secrets in facts are redacted. Safe from several threads. Owned by its
/// Store.
class AuditLog {
 public:
  using Visitor = std::function<Result<>(const AuditRow&)>;

  virtual ~AuditLog() = default;

  /// Adds a row, returns its seq.
  virtual Result<std::int64_t> append(const AuditEntry& entry) = 0;
  /// Rows with seq >= from, in order, as stored and unchecked; ends with the visitor's first error.
  virtual Result<> read(std::int64_t from, const Visitor& visit) = 0;
  virtual Result<ChainTip> tip() = 0;

  /// Signs the newest row and keeps the head; call it at the end of a run. The key is made at first use.
  /// Refused when the log is empty, or when heads exist and their key is gone.
  virtual Result<SignedHead> sign_head(const std::string& utc) = 0;
  /// All heads kept, oldest first.
  virtual Result<std::vector<SignedHead>> heads() = 0;
};

/// Visits the rows of one run, in order.
[[nodiscard]] Result<> read_run(AuditLog& log, const std::string& run, const AuditLog::Visitor& visit);

}  // namespace moult
