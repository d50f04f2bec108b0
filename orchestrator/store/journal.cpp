#include "orchestrator/store/journal.hpp"

namespace moult {

Result<std::string> Journal::value(const std::string& run, const std::string& key) {
  MOULT_ASSIGN(const auto all, values(run));
  const auto found = all.find(key);
  if (found == all.end()) return fail(Code::not_found, "run " + run + " has no value \"" + key + "\"");
  return found->second;
}

}  // namespace moult
