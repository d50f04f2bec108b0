#include "orchestrator/guest_clock.hpp"

#include <charconv>

namespace moult {

std::optional<std::chrono::seconds> clock_ahead(GuestAccess& guest, const Clock& clock) {
  Command date;
  date.argv = {"date", "+%s"};
  const auto before = clock.utc();
  const auto told = guest.run(date);
  const auto after = clock.utc();
  if (!told || !told->good()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto* end = told->out.data() + told->out.size();
  if (std::from_chars(told->out.data(), end, seconds).ec != std::errc()) return std::nullopt;
  const auto asked = before.time_since_epoch() + (after - before) / 2;
  return std::chrono::seconds{seconds} - std::chrono::floor<std::chrono::seconds>(asked);
}

}  // namespace moult
