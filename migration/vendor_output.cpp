#include "migration/vendor_output.hpp"

namespace moult {

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of("\r\n");
  if (end == std::string::npos) return {};
  const auto start = text.find_last_of('\n', end);
  return text.substr(start == std::string::npos ? 0 : start + 1,
                     end - (start == std::string::npos ? 0 : start + 1) + 1);
}

bool no_program(const Outcome& outcome) {
  constexpr int kForbidden = 126, kMissing = 127;
  return outcome.exit_code == kForbidden || outcome.exit_code == kMissing;
}

}  // namespace moult
