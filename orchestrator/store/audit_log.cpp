#include "orchestrator/store/audit_log.hpp"

namespace moult {

Result<> read_run(AuditLog& log, const std::string& run, const AuditLog::Visitor& visit) {
  return log.read(1, [&](const AuditRow& row) -> Result<> {
    if (row.run != run) return {};
    return visit(row);
  });
}

}  // namespace moult
