#pragma once

#include <chrono>
#include <cstdio>

#include "orchestrator/cli/screen.hpp"
#include "orchestrator/observer.hpp"

namespace moult {

/// One line for each thing that happens, with the seconds since the start. For pipes and logs.
class PlainView final : public Observer {
 public:
  explicit PlainView(std::FILE* out) : screen_(fileno(out)), begin_(std::chrono::steady_clock::now()) {}

  void run_began(const std::string& run, const std::string& appliance, const std::string& release) override;
  void state_changed(RunState state) override;
  void step_ended(std::string_view step, const std::string& subject, Millis took, const Error* error) override;
  void round_ended(const std::string& set, const RoundReport& round, Millis forecast) override;
  void cutover_part(std::string_view part, double milliseconds) override;
  void note(const std::string& text) override;
  void warn(const std::string& text) override;

 private:
  void line(const std::string& text);
  Screen screen_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace moult
