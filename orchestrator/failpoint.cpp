#include "orchestrator/failpoint.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <sstream>
#include <utility>

namespace moult {
namespace {

constexpr std::array kHows{std::pair{std::string_view("error"), FailHow::error},
                           std::pair{std::string_view("die-before"), FailHow::die_before},
                           std::pair{std::string_view("die-after"), FailHow::die_after},
                           std::pair{std::string_view("journal"), FailHow::journal},
                           std::pair{std::string_view("stop"), FailHow::stop}};

struct Failpoint {
  std::string text, place;
  FailHow how = FailHow::none;
  std::atomic<bool> met{false};

  explicit Failpoint(std::string_view all) : text(all), place(all.substr(0, all.rfind('='))) {
    for (const auto& [name, value] : kHows)
      if (place.size() < all.size() && name == all.substr(place.size() + 1)) how = value;
  }
};

std::deque<Failpoint> read_all() {
  std::deque<Failpoint> all;
  const char* text = std::getenv("MOULT_FAILPOINT");
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; std::getline(words, word, ',');) all.emplace_back(word);
  return all;
}

std::deque<Failpoint>& all_failpoints() {
  static std::deque<Failpoint> all = read_all();
  return all;
}

/// Straight to the file: the process may have no time to flush anything.
void say_met(const Failpoint& point) {
  const auto line = "failpoint " + point.text + "\n";
  [[maybe_unused]] const auto count = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

FailHow failpoint(std::string_view step, std::string_view subject) {
  for (auto& point : all_failpoints()) {
    if (point.place != step && point.place != std::string(step) + "/" + std::string(subject)) continue;
    if (point.met.exchange(true)) continue;
    say_met(point);
    if (point.how != FailHow::stop) return point.how;
    std::raise(SIGSTOP);
  }
  return FailHow::none;
}

Result<> check_failpoint() {
  for (const auto& point : all_failpoints())
    if (point.how == FailHow::none)
      return fail(Code::usage, "MOULT_FAILPOINT: " + point.text + " makes no sense",
                  "STEP[/SUBJECT]=HOW, with HOW one of error, die-before, die-after, journal, stop; or unset it.");
  return {};
}

void die_at(FailHow now, FailHow wanted) {
  if (now == wanted) std::raise(SIGKILL);
}

Unexpected failed_on_purpose(std::string_view step) {
  return fail(Code::failed, std::string(step) + " failed, as MOULT_FAILPOINT asks", "Unset MOULT_FAILPOINT.");
}

}  // namespace moult
