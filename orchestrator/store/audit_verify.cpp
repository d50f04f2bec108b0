#include "orchestrator/store/audit_verify.hpp"

#include "orchestrator/store/chain_checker.hpp"

namespace moult {

Result<AuditReport> verify_audit(AuditLog& log, const VerifyRequest& request) {
  // Tip and heads first: rows that another process adds meanwhile are more than these ask for, never less.
  MOULT_ASSIGN(const auto tip, log.tip());
  MOULT_ASSIGN(const auto heads, log.heads());
  ChainChecker checker(tip.chain, request.run, request.public_key);
  for (const auto& head : heads) checker.expect(head);
  if (request.kept) checker.expect(*request.kept);
  MOULT_TRY(log.read(1, [&](const AuditRow& row) -> Result<> {
    checker.follow(row, true);
    return {};
  }));
  return checker.finish(tip.issued);
}

}  // namespace moult
