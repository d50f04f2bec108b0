#include "orchestrator/rate.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "descriptors/base/text.hpp"

namespace moult {
namespace {

constexpr double kKibi = 1024.0, kMebi = kKibi * 1024.0, kGibi = kMebi * 1024.0;
constexpr double kMost = kGibi * 1024.0;
constexpr const char* kForms = "Write for example 2MiB/s or 2M (of 1024), 500kB/s or 2MB/s (of 1000).";

// clang-format off
constexpr std::array kUnits{
    std::pair{"B", 1.0},
    std::pair{"K", kKibi}, std::pair{"KiB", kKibi}, std::pair{"kB", 1e3}, std::pair{"KB", 1e3},
    std::pair{"M", kMebi}, std::pair{"MiB", kMebi}, std::pair{"MB", 1e6},
    std::pair{"G", kGibi}, std::pair{"GiB", kGibi}, std::pair{"GB", 1e9},
};
// clang-format on

}  // namespace

Result<std::uint64_t> rate_of(const std::string& text) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number))
    return fail(Code::usage, "not a rate: " + in_quotes(text), kForms);
  const auto nothing = [&text] {
    return fail(Code::usage, "a rate of " + in_quotes(text) + " would let nothing be written at all", kForms);
  };
  if (number <= 0) return nothing();  // whatever its unit
  std::string unit(rest, text.data() + text.size());
  if (unit.ends_with("/s")) unit.resize(unit.size() - 2);
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    const double bytes = number * factor;
    if (bytes < 1) return nothing();
    if (bytes > kMost) return fail(Code::usage, "a rate of " + in_quotes(text) + " is more than 1 TiB/s", kForms);
    return static_cast<std::uint64_t>(std::llround(bytes));
  }
  return fail(Code::usage,
              "not a rate: " + in_quotes(text) + (unit.empty() ? ", for it has no unit" : ", for its unit is unknown"),
              kForms);
}

std::string rate_text(double bytes_per_second) {
  for (const auto& [name, size] : {std::pair{"GiB/s", kGibi}, {"MiB/s", kMebi}, {"KiB/s", kKibi}}) {
    if (bytes_per_second < size) continue;
    const double tenths = std::round(bytes_per_second / size * 10);
    return std::fmod(tenths, 10) == 0 ? fmt::format("{:.0f}{}", tenths / 10, name)
                                      : fmt::format("{:.1f}{}", tenths / 10, name);
  }
  return fmt::format("{:.0f}B/s", bytes_per_second);
}

}  // namespace moult
