#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/store/audit_verify.hpp"

namespace moult {

/// Follows a chain row by row and keeps the first thing that is wrong with it. Heads are given before the rows.
class ChainChecker {
 public:
  explicit ChainChecker(std::string chain, std::string run, std::string public_key);

  /// A head that the chain must contain.
  void expect(const SignedHead& head);
  /// The head of the last row that was followed.
  void close(const SignedHead& head);
  /// Starts elsewhere than at the genesis: the first row vouches for its own place, as the hashes after it do.
  void start_at(const AuditRow& first);
  /// The next row. `whole`: its content is there and is checked against its digest.
  void follow(const AuditRow& row, bool whole);
  /// After the last row; `issued` is the highest seq ever given out.
  [[nodiscard]] AuditReport finish(std::int64_t issued);
  /// Notes a finding, unless it is empty or there is one already.
  void object(std::int64_t seq, std::string why);

  [[nodiscard]] bool good() const { return report_.why.empty(); }
  [[nodiscard]] std::int64_t last_seq() const { return next_seq_ - 1; }

 private:
  bool accept(const SignedHead& head);
  void check_place(const AuditRow& row);
  void check_heads(const AuditRow& row);

  std::string chain_;
  std::string run_;
  std::string public_key_;
  bool from_genesis_ = true;
  std::int64_t next_seq_ = 1;
  std::string next_prev_;
  std::map<std::string, std::int64_t> run_rows_;
  std::multimap<std::int64_t, SignedHead> heads_;
  AuditReport report_;
};

}  // namespace moult
