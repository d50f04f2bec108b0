#include "orchestrator/cli/times.hpp"

#include <charconv>
#include <cmath>
#include <ctime>

namespace moult {

Result<Millis> duration_of(const std::string& text) {
  const auto bad = [&text] {
    return fail(Code::usage, "not a duration: " + text, "Write for example 250ms, 2s, 1.5s, 10m or 1h.");
  };
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !(number >= 0) || number > 1e6) return bad();
  const std::string unit(rest, text.data() + text.size());
  for (const auto& [name, factor] : {std::pair{"ms", 1.0}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}})
    if (unit == name) return Millis{std::llround(number * factor)};
  return bad();
}

Result<std::chrono::system_clock::time_point> moment_of(const std::string& text,
                                                        std::chrono::system_clock::time_point now) {
  using std::chrono::system_clock;
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end != nullptr && *end == '\0') return system_clock::from_time_t(timegm(&parts));
  const auto today = system_clock::to_time_t(now);
  gmtime_r(&today, &parts);
  end = strptime(text.c_str(), "%H:%M", &parts);
  if (end == nullptr || *end != '\0')
    return fail(Code::usage, "not a time: " + text, "Write auto, manual, 2026-01-31T02:00:00Z, or 02:00 (UTC).");
  parts.tm_sec = 0;
  auto moment = system_clock::from_time_t(timegm(&parts));
  return moment > now ? moment : moment + std::chrono::hours{24};
}

}  // namespace moult
