#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/store/audit_log.hpp"

namespace moult {

/// What stands before the first row: SHA-256 over the format's name and the chain's id.
[[nodiscard]] std::string genesis_of(const std::string& chain);

/// SHA-256 over step, actor, utc, event and facts, each as a netstring ("4:text,"): no two entries share an encoding.
[[nodiscard]] std::string digest_of(const AuditEntry& entry);

/// SHA-256 over prev_hash, seq, run, run_row and digest, each as a netstring. What an export may leave out of a row of
/// another run is covered by the digest alone.
[[nodiscard]] std::string hash_of(const AuditRow& row);

/// Puts a checked entry into its place.
[[nodiscard]] AuditRow chained(AuditEntry entry, std::int64_t seq, std::int64_t run_row, const std::string& prev_hash);

/// The bytes that a head's signature covers.
[[nodiscard]] std::string signed_bytes(const SignedHead& head);

}  // namespace moult
