#include "orchestrator/cli/view.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "orchestrator/cli/live_view.hpp"
#include "orchestrator/cli/plain_view.hpp"

namespace moult {
namespace {

bool set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb";
}

}  // namespace

std::unique_ptr<Observer> make_view(bool quiet) {
  if (quiet) return std::make_unique<Observer>();
  if (isatty(STDERR_FILENO) == 0 || dumb_terminal()) return std::make_unique<PlainView>(stderr);
  return std::make_unique<LiveView>(stderr, !set("NO_COLOR"));
}

}  // namespace moult
