#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "catch.hpp"
#include "drivers/guest_access.hpp"

namespace moult::test {

/// A guest whose programs answer as they are told: each with its answers one after another, of which the last stays.
class MountGuest final : public GuestAccess {
 public:
  std::map<std::string, std::deque<Outcome>> answers;
  std::deque<std::vector<std::string>> asked;

  void answer(const std::string& program, int exit_code, std::string out, std::string err = {}) {
    answers[program].push_back({exit_code, std::move(out), std::move(err), false});
  }
  Result<Outcome> run(const Command& command) override {
    asked.push_back(command.argv);
    auto& left = answers[command.argv.front()];
    INFO(command.argv.front());
    REQUIRE_FALSE(left.empty());
    const auto outcome = left.front();
    if (left.size() > 1) left.pop_front();
    return outcome;
  }
  Result<> put(const std::string&, std::uint32_t, const ByteSource&) override { return {}; }
  Result<> get(const std::string&, const ByteSink&) override { return {}; }
  [[nodiscard]] long times(const std::string& program) const {
    return std::count_if(asked.begin(), asked.end(), [&](const auto& argv) { return argv.front() == program; });
  }
};

}  // namespace moult::test
