#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/conductor.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {

/// What a run did, read from the journal and the audit log.
struct RunReport {
  RunSummary run;
  std::vector<std::string> updated;                            ///< components in the order in which they were updated
  std::vector<std::string> skipped;                            ///< components that were current
  std::vector<std::string> one_way;                            ///< data sets from which there is no way back
  std::map<std::string, double> freeze_ms;                     ///< by machine, while cloning
  double stall_ms = 0;                                         ///< of the cutover; 0: none yet
  std::vector<std::pair<std::string, double>> stall_parts_ms;  ///< in their order
  std::uint64_t rounds = 0, paths = 0, bytes = 0;
  std::string error;       ///< why it failed; empty when it did not
  double forecast_ms = 0;  ///< of a rehearsal
};

[[nodiscard]] Result<RunReport> report_of(Store& store, const std::string& run);
/// One object; `peak_rss_mib` is this process's own.
[[nodiscard]] std::string report_to_json(const RunReport& report);
[[nodiscard]] std::string report_to_text(const RunReport& report, const RunEnd& end);
/// The same without an end at hand: for `moult status`.
[[nodiscard]] std::string report_to_text(const RunReport& report);

/// Refused while an earlier run of the appliance is neither finished nor undone.
[[nodiscard]] Result<> refuse_unfinished(Journal& journal, const std::string& appliance);

}  // namespace moult
