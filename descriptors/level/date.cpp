// A day of the calendar, YYYY-MM-DD or YYYYMMDD, and which one of that day: ".N".
#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "descriptors/base/text.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult::level {
namespace {

struct Day {
  std::chrono::year_month_day day;
  std::string_view serial;
};

template <typename Number>
Number number(std::string_view digits) {
  Number value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::optional<Day> read(std::string_view level) {
  const bool dashed = level.size() >= 10 && level[4] == '-' && level[7] == '-';
  const std::size_t length = dashed ? 10 : 8, step = dashed ? 1 : 0;
  if (level.size() < length) return std::nullopt;
  const auto year = level.substr(0, 4), month = level.substr(4 + step, 2), day = level.substr(6 + 2 * step, 2);
  if (!all_digits(year) || !all_digits(month) || !all_digits(day)) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(number<int>(year)),
                                         std::chrono::month(number<unsigned>(month)),
                                         std::chrono::day(number<unsigned>(day))};
  auto serial = level.substr(length);
  if (!serial.empty() && (serial[0] != '.' || !all_digits(serial.substr(1)))) return std::nullopt;
  if (!serial.empty()) serial.remove_prefix(1);
  return date.ok() ? std::optional(Day{date, serial}) : std::nullopt;
}

bool readable(std::string_view level) { return read(level).has_value(); }

std::weak_ordering order(std::string_view left, std::string_view right) {
  const auto l = read(left), r = read(right);
  if (!l || !r) return r.has_value() <=> l.has_value();  // unreachable for readable levels
  if (const auto day = l->day <=> r->day; std::is_neq(day)) return day;
  return order_digits(l->serial, r->serial);
}

}  // namespace

const SchemeRules kDate{"date", "YYYY-MM-DD or YYYYMMDD, then perhaps .N, for example 2024-05-31.2", readable, order};

}  // namespace moult::level
