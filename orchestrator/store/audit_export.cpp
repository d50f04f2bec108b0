#include <nlohmann/json.hpp>
#include <ostream>

#include "orchestrator/store/audit_key.hpp"
#include "orchestrator/store/audit_verify.hpp"
#include "orchestrator/store/export_line.hpp"

namespace moult {
namespace {

using nlohmann::json;

Result<std::int64_t> first_row_of(AuditLog& log, const std::string& run) {
  std::int64_t first = 0;
  MOULT_TRY(log.read(1, [&](const AuditRow& row) -> Result<> {
    if (first == 0 && (run.empty() || row.run == run)) first = row.seq;
    return {};
  }));
  if (first == 0) return fail(Code::not_found, "the audit log has no rows" + (run.empty() ? "" : " of run " + run));
  return first;
}

Result<> write_line(std::ostream& out, const json& line) {
  out << line.dump() << '\n';
  if (!out) return fail(Code::io, "the export cannot be written");
  return {};
}

}  // namespace

Result<> export_audit(AuditLog& log, const std::string& run, const std::string& utc, std::ostream& out) {
  MOULT_ASSIGN(const auto first, first_row_of(log, run));
  MOULT_ASSIGN(const auto head, log.sign_head(utc));
  MOULT_TRY(write_line(
      out, {{"kind", "export"}, {"format", kExportFormat}, {"chain", head.chain}, {"run", run}, {"utc", utc}}));
  MOULT_TRY(log.read(first, [&](const AuditRow& row) -> Result<> {
    if (row.seq > head.seq) return {};
    return write_line(out, line_of(row, run.empty() || row.run == run));
  }));
  auto last = json::parse(to_json(head));
  last.update({{"kind", "head"}, {"public_key_pem", pem_of(head.public_key)}});
  MOULT_TRY(write_line(out, last));
  out.flush();
  if (!out) return fail(Code::io, "the export cannot be written");
  return {};
}

}  // namespace moult
