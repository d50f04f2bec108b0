#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/cli/screen.hpp"
#include "orchestrator/observer.hpp"

namespace moult {

/// For a terminal: what is over scrolls up line by line; below it stands, drawn anew five times a second, what is being
/// done now: the state, each running step with its seconds, the last round of each set with its forecast.
class LiveView final : public Observer {
 public:
  /// `color`: escape sequences for colours as well as for the cursor.
  LiveView(std::FILE* out, bool color);
  ~LiveView() override;
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  void run_began(const std::string& run, const std::string& appliance, const std::string& release) override;
  void state_changed(RunState state) override;
  void step_began(std::string_view step, const std::string& subject) override;
  void step_ended(std::string_view step, const std::string& subject, Millis took, const Error* error) override;
  void round_ended(const std::string& set, const RoundReport& round, Millis forecast) override;
  void cutover_part(std::string_view part, double milliseconds) override;
  void note(const std::string& text) override;
  void warn(const std::string& text) override;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  void tick();
  void over(const std::string& text);  ///< a line that stays; mutex_ is held
  [[nodiscard]] std::string erased();
  [[nodiscard]] std::string drawn();
  [[nodiscard]] std::string paint(const char* code, const std::string& text) const;

  std::FILE* out_;
  Screen screen_;
  bool color_;
  Moment begin_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::string title_, state_ = "planned";
  std::map<std::string, Moment> steps_;
  std::map<std::string, std::string> rounds_;
  int drawn_ = 0;  ///< lines of the moving part on the screen
  std::thread thread_;
};

}  // namespace moult
