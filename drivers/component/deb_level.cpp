#include <sstream>

#include "descriptors/base/text.hpp"
#include "drivers/component/guest_steps.hpp"
#include "drivers/component/level_source.hpp"

namespace moult {
namespace {

constexpr Millis kQueryTimeout{std::chrono::seconds{30}};

/// What dpkg's second status letter says. A trigger that waits does not make a package less installed.
enum class Installed { yes, no, half };
Installed state_of(const std::string& abbreviation) {
  if (abbreviation.size() > 2 && abbreviation[2] != ' ') return Installed::half;  // "reinst-required"
  switch (abbreviation.size() > 1 ? abbreviation[1] : 'n') {
    case 'i':
    case 't':
    case 'W':
      return Installed::yes;
    case 'n':
    case 'c':
      return Installed::no;
    default:
      return Installed::half;
  }
}

/// The version of an installed Debian package.
class DebLevel final : public LevelSource {
 public:
  explicit DebLevel(std::string package) : package_(std::move(package)) {}

  Result<std::optional<std::string>> find(GuestAccess& guest) const override {
    const Command command{{"dpkg-query", "-W", "-f", "${db:Status-Abbrev}\\t${Version}\\n", package_},
                          {{"LC_ALL", "C.UTF-8"}},
                          {},
                          kQueryTimeout};
    MOULT_ASSIGN(const auto outcome, guest.run(command));
    if (outcome.exit_code == 1 && outcome.err.find("no packages found") != std::string::npos) return std::nullopt;
    if (!outcome.good())
      return fail(Code::failed,
                  "dpkg-query ended with " + std::to_string(outcome.exit_code) + ":\n  " + last_lines(outcome));
    return version_in(outcome.out);
  }

 private:
  /// One line for each architecture that the package is known for.
  [[nodiscard]] Result<std::optional<std::string>> version_in(const std::string& lines) const {
    std::optional<std::string> version;
    std::istringstream input(lines);
    for (std::string line; std::getline(input, line);) {
      const auto tab = line.find('\t');
      if (tab == std::string::npos) return fail(Code::failed, "dpkg-query printed " + in_quotes(line));
      const auto state = state_of(line.substr(0, tab));
      if (state == Installed::half)
        return fail(
            Code::failed,
            "package " + package_ + " is only half installed (dpkg's status " + in_quotes(line.substr(0, tab)) + ")",
            "run `dpkg --configure -a` in the guest, or install the package anew");
      const auto found = line.substr(tab + 1);
      if (state == Installed::yes && version && *version != found)
        return fail(Code::failed,
                    "package " + package_ + " is installed for two architectures, at " + *version + " and at " + found);
      if (state == Installed::yes) version = found;
    }
    return version;
  }

  std::string package_;
};

}  // namespace

std::unique_ptr<LevelSource> make_deb_level(std::string package) {
  return std::make_unique<DebLevel>(std::move(package));
}

}  // namespace moult
