#include "orchestrator/cli/refusal.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "orchestrator/store/store.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

Result<> append_row(const Cli& cli, const std::string& facts) {
  const auto now = utc_text(std::chrono::system_clock::now());
  MOULT_ASSIGN(auto store, open_store(state_dir_of(cli)));
  const auto row = store->audit().append({"", "", actor_name(), now, "run.refused", facts});
  if (!row) return Unexpected(row.error());
  const auto head = store->audit().sign_head(now);
  if (!head) return Unexpected(head.error());
  return {};
}

}  // namespace

void record_refusal(Cli& cli, const std::string& command, const std::string& what, const Error& error) {
  const nlohmann::json facts{{"command", command},
                             {"what", what},
                             {"code", name_of(error.code)},
                             {"error", error.describe()},
                             {"remedy", error.remedy}};
  const auto text = facts.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (auto kept = append_row(cli, text); !kept)
    std::fprintf(stderr, "moult: the refusal that follows is not in the audit log: %s\n",
                 kept.error().describe().c_str());
}

}  // namespace moult
