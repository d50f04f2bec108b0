#include "orchestrator/store/utc.hpp"

#include <fmt/chrono.h>

#include <cctype>

namespace moult {

std::string utc_text(std::chrono::system_clock::time_point when) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(when);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(millis);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (millis - seconds).count());
}

bool is_utc_text(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kForm.size() || text.back() != 'Z') return false;
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? !digit(text[i]) : text[i] != kForm[i]) return false;
  auto fraction = text.substr(kForm.size(), text.size() - kForm.size() - 1);
  if (fraction.empty()) return true;
  if (fraction.front() != '.' || fraction.size() == 1) return false;
  for (const char c : fraction.substr(1))
    if (!digit(c)) return false;
  return true;
}

}  // namespace moult
