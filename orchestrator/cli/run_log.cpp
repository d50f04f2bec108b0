#include "orchestrator/cli/run_log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "orchestrator/cli/round_text.hpp"

namespace moult {
namespace {

/// Passes everything on to the view, and writes it down.
class LoggedView final : public Observer {
 public:
  LoggedView(std::unique_ptr<Observer> view, std::shared_ptr<spdlog::logger> log)
      : view_(std::move(view)), log_(std::move(log)) {}

  void run_began(const std::string& run, const std::string& appliance, const std::string& release) override {
    log_->info("run {}: {} to {}", run, appliance, release);
    view_->run_began(run, appliance, release);
  }
  void state_changed(RunState state) override {
    log_->info("state {}", name_of(state));
    view_->state_changed(state);
  }
  void step_began(std::string_view step, const std::string& subject) override {
    log_->info("begin {} {}", step, subject);
    view_->step_began(step, subject);
  }
  void step_ended(std::string_view step, const std::string& subject, Millis took, const Error* error) override {
    if (error != nullptr)
      log_->error("failed {} {} after {} ms: {}", step, subject, took.count(), error->describe());
    else
      log_->info("done {} {} in {} ms", step, subject, took.count());
    view_->step_ended(step, subject, took, error);
  }
  void round_ended(const std::string& set, const RoundReport& round, Millis forecast) override {
    log_->info("round {} of {}: {} paths, {} bytes, {} deletions in {} ms; forecast {} ms{}", round.number, set,
               round.paths, round.bytes, round.deletions, round.took.count(), forecast.count(), why_scanned(round));
    view_->round_ended(set, round, forecast);
  }
  void cutover_part(std::string_view part, double milliseconds) override {
    log_->info("part {} {:.1f} ms", part, milliseconds);
    view_->cutover_part(part, milliseconds);
  }
  void note(const std::string& text) override {
    log_->info("{}", text);
    view_->note(text);
  }
  void warn(const std::string& text) override {
    log_->warn("{}", text);
    view_->warn(text);
  }

 private:
  std::unique_ptr<Observer> view_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace

std::unique_ptr<Observer> with_run_log(std::unique_ptr<Observer> view, const std::string& folder) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(folder + "/run.log");
    auto log = std::make_shared<spdlog::logger>("run", std::move(sink));
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %P %l %v", spdlog::pattern_time_type::utc);
    log->flush_on(spdlog::level::info);
    return std::make_unique<LoggedView>(std::move(view), std::move(log));
  } catch (const spdlog::spdlog_ex& error) {
    view->warn(std::string("no log is written: ") + error.what());
    return view;
  }
}

}  // namespace moult
