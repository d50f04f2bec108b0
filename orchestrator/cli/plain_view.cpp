#include "orchestrator/cli/plain_view.hpp"

#include <fmt/format.h>

#include "orchestrator/cli/round_text.hpp"

namespace moult {

void PlainView::line(const std::string& text) {
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  screen_.put(fmt::format("{:7.2f}s  {}\n", seconds, text));
}

void PlainView::run_began(const std::string& run, const std::string& appliance, const std::string& release) {
  line(fmt::format("run {}: {} to {}", run, appliance, release));
}

void PlainView::state_changed(RunState state) { line(fmt::format("== {}", name_of(state))); }

void PlainView::step_ended(std::string_view step, const std::string& subject, Millis took, const Error* error) {
  if (error != nullptr)
    line(fmt::format("{} {} failed after {} ms: {}", step, subject, took.count(), error->describe()));
  else
    line(fmt::format("{}{}{} ({} ms)", step, subject.empty() ? "" : " ", subject, took.count()));
}

void PlainView::round_ended(const std::string& set, const RoundReport& round, Millis forecast) {
  line(fmt::format("round {} of {}: {} paths, {} bytes in {} ms ({} ms of it migrate), next about {} ms{}",
                   round.number, set, round.paths, round.bytes, round.took.count(), round.migrate.count(),
                   forecast.count(), why_scanned(round)));
}

void PlainView::cutover_part(std::string_view part, double milliseconds) {
  line(fmt::format("   {:12} {:7.1f} ms", part, milliseconds));
}

void PlainView::note(const std::string& text) { line(text); }

void PlainView::warn(const std::string& text) { line("warning: " + text); }

}  // namespace moult
