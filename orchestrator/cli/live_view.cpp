#include "orchestrator/cli/live_view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include "orchestrator/cli/round_text.hpp"

namespace moult {
namespace {

constexpr std::chrono::milliseconds kFrame{200};
constexpr const char* kBold = "1";
constexpr const char* kDim = "2";
constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";
constexpr const char* kRed = "31";

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string step_name(std::string_view step, const std::string& subject) {
  return subject.empty() ? std::string(step) : fmt::format("{} {}", step, subject);
}

std::size_t columns(std::FILE* out) {
  winsize size{};
  return ::ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;
}

}  // namespace

LiveView::LiveView(std::FILE* out, bool color)
    : out_(out), screen_(fileno(out)), color_(color), begin_(std::chrono::steady_clock::now()), thread_([this] {
        tick();
      }) {}

LiveView::~LiveView() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    screen_.put(erased());
  }
  wake_.notify_all();
  thread_.join();
}

void LiveView::tick() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kFrame, [this] { return done_; })) {
    auto text = erased();
    screen_.put(text + drawn());
  }
}

std::string LiveView::paint(const char* code, const std::string& text) const {
  return color_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

/// What takes the moving part off the screen.
std::string LiveView::erased() {
  std::string text;
  for (; drawn_ > 0; --drawn_) text += "\033[1A\033[2K";
  return text;
}

/// The moving part. Every line is cut to the terminal's width, so that erasing counts right.
std::string LiveView::drawn() {
  const auto width = columns(out_) - 1;
  std::string all;
  const auto put = [&](const std::string& text) {
    all += text.substr(0, width) + "\n";
    ++drawn_;
  };
  put(fmt::format("{}  {}  {:.0f} s", title_, state_, seconds_since(begin_)));
  for (const auto& [name, since] : steps_) put(fmt::format("  > {} {:.0f} s", name, seconds_since(since)));
  for (const auto& [set, text] : rounds_) put("  ~ " + set + ": " + text);
  return all;
}

void LiveView::over(const std::string& text) {
  auto all = erased() + text + "\n";
  screen_.put(all + drawn());
}

void LiveView::run_began(const std::string& run, const std::string& appliance, const std::string& release) {
  const std::lock_guard lock(mutex_);
  title_ = fmt::format("run {}: {} to {}", run, appliance, release);
}

void LiveView::state_changed(RunState state) {
  const std::lock_guard lock(mutex_);
  state_ = name_of(state);
  if (state == RunState::cutting_over || is_over(state)) rounds_.clear();
  over(paint(kBold, fmt::format("== {} ({:.1f} s)", state_, seconds_since(begin_))));
}

void LiveView::step_began(std::string_view step, const std::string& subject) {
  const std::lock_guard lock(mutex_);
  steps_[step_name(step, subject)] = std::chrono::steady_clock::now();
}

void LiveView::step_ended(std::string_view step, const std::string& subject, Millis took, const Error* error) {
  const std::lock_guard lock(mutex_);
  const auto name = step_name(step, subject);
  steps_.erase(name);
  if (error != nullptr)
    over(paint(kRed, fmt::format("  failed {}: {}", name, error->describe())));
  else
    over(paint(kGreen, "  done ") + name + paint(kDim, fmt::format(" {} ms", took.count())));
}

void LiveView::round_ended(const std::string& set, const RoundReport& round, Millis forecast) {
  const std::lock_guard lock(mutex_);
  rounds_[set] = fmt::format("round {}: {} paths, {} bytes in {} ms; the next about {} ms{}", round.number, round.paths,
                             round.bytes, round.took.count(), forecast.count(), why_scanned(round));
}

void LiveView::cutover_part(std::string_view part, double milliseconds) {
  const std::lock_guard lock(mutex_);
  over(fmt::format("  {:12} {:7.1f} ms", part, milliseconds));
}

void LiveView::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  over("  " + text);
}

void LiveView::warn(const std::string& text) {
  const std::lock_guard lock(mutex_);
  over(paint(kYellow, "  warning: " + text));
}

}  // namespace moult
