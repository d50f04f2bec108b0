#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "orchestrator/store/audit_log.hpp"

namespace moult {

/// What a verification found. A chain that is not good is a finding, not an Error.
struct AuditReport {
  bool good = false;
  std::int64_t rows = 0;            ///< rows whose content was checked
  std::int64_t links = 0;           ///< rows of other runs in an export: their place was checked, not their content
  std::int64_t run_rows = 0;        ///< rows of the run asked for
  std::int64_t first_bad_seq = 0;   ///< 0: none
  std::string why;                  ///< of the first bad row; empty when good
  std::int64_t signed_through = 0;  ///< seq of the newest valid head; 0: nothing is signed
  std::int64_t unsigned_rows = 0;   ///< rows after it: a cut among these would not be noticed
  std::string public_key;           ///< that signed the newest head, in hex: compare it with the one that you know
};

struct VerifyRequest {
  std::string run{};                 ///< counted in run_rows; the whole chain is checked in any case
  std::optional<SignedHead> kept{};  ///< a head that was kept elsewhere: the chain must contain it
  std::string public_key{};          ///< that the heads must be signed with, in hex; empty: any one key
};

/// Recomputes the chain and checks every signed head against it. Errors are those of reading.
[[nodiscard]] Result<AuditReport> verify_audit(AuditLog& log, const VerifyRequest& request = {});

/// Signs a head, then writes JSON Lines: a header, the run's rows whole, rows of other runs between them as links
/// (their digests only), the signed head. An empty run exports everything. not_found when the run has no rows.
[[nodiscard]] Result<> export_audit(AuditLog& log, const std::string& run, const std::string& utc, std::ostream& out);

/// Checks an export without the store. `public_key` in hex: what the head must be signed with; empty accepts the
/// export's own key, which proves only that it is consistent.
[[nodiscard]] Result<AuditReport> verify_export(std::istream& in, const std::string& public_key = {});

/// A kept head as one line of JSON, and back.
[[nodiscard]] std::string to_json(const SignedHead& head);
[[nodiscard]] Result<SignedHead> signed_head_of(const std::string& json);

}  // namespace moult
