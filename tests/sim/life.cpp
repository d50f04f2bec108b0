#include "tests/sim/life.hpp"

#include <algorithm>

#include "orchestrator/serving.hpp"
#include "orchestrator/store/run_lock.hpp"
#include "tests/sim/sim_run.hpp"

namespace moult::test {
namespace {

struct Killed {};

constexpr int kMendedWords = 4;
constexpr int kLastService = 30;
constexpr int kLongestLease = 60;
constexpr int kLongestBoot = 5;
constexpr Millis::rep kBack =
    30'000;  ///< who goes back may let clients wait ten times as long, but no longer than this
constexpr std::uint64_t kWords = 0x30d5;
const Holder kHolder{1, "here", "tester", "r1", "2026-01-01T00:00:00.000Z", "simulate"};

class Life {
 public:
  Life(const LifeSpec& spec, const std::string& desk)
      : spec_(spec), desk_(desk), run_(options(), spec.shape.run_options(), desk), before_(things()) {
    run_.journal_in_world();
    run_.on_part([this](std::string_view part, double ms) { judge_stall(part, ms); });
  }

  LifeEnd all() {
    word([this] { say("upgrade", run_.go()); });
    for (long i = 0; i < spec_.shape[Shape::faulty_words] && !is_over_now(); ++i) {
      serve();
      next_word(static_cast<std::uint64_t>(i));
    }
    serve();
    mend();
    for (int i = 0; i < kMendedWords && !is_over_now() && !is_left(); ++i) {
      start_machines();
      last_word(i);
    }
    start_machines();
    run_.serve_for(kLastService);
    judge();
    return end();
  }

 private:
  SimOptions options() {
    auto options = spec_.shape.options(spec_.seed);
    if (spec_.strikes) {
      options.faults.strikes = *spec_.strikes;
      options.faults.ppm = {};
    }
    options.faults.on_kill = [] { throw Killed{}; };
    options.faults.on_second = [this] { second(); };
    options.keep_trace = spec_.keep_trace;
    return options;
  }

  [[nodiscard]] bool is_over_now() { return !run_.begun() || is_over(run_.state()); }
  /// Nobody leaves a run whose last word failed, or died: it may be half way between two sides.
  [[nodiscard]] bool is_left() {
    if (spec_.shape[Shape::leave] == 0 || failed_ || run_.state() != RunState::confirming || going_back_) return false;
    const auto begun = run_.store().journal().value("r1", kGoingBack);  // also by the time for a confirmation
    return !begun || begun->empty();
  }
  void serve() { run_.serve_for(static_cast<int>(spec_.shape[Shape::serve_s])); }
  std::string things() { return run_.world().inventory(false); }
  [[nodiscard]] std::uint64_t choice(std::uint64_t word, std::uint64_t of) const {
    return sim::Rng(spec_.seed ^ (kWords + word * 0x10001)).below(of);
  }

  /// A process that works on the run: it holds the appliance, and may die.
  void word(const std::function<void()>& act) {
    try {
      const auto lock = RunLock::acquire(desk_, "org.example.notes", kHolder);
      if (!lock) return;
      run_.world().revive();
      act();
    } catch (const Killed&) {
      failed_ = true;
      words_ += "killed\n";
    }
    run_.world().revive();
  }

  /// What a person asks for who finds a run.
  void ask(bool back) {
    const auto state = run_.state();
    if (state != RunState::confirming) return say("abort", run_.again(&Conductor::abort));
    going_back_ = going_back_ || back;
    say(back ? "rollback" : "finish", run_.again(back ? &Conductor::roll_back : &Conductor::finish));
  }
  void confirm() { say("confirm", run_.again(&Conductor::confirm)); }
  void resume() { say("resume", run_.again(&Conductor::resume)); }

  void say(const char* word, const Result<RunEnd>& end) {
    failed_ = !end;
    if (!spec_.keep_trace) return;
    words_ += std::string(word) + ": " + (end ? std::string(name_of(end->state)) : end.error().describe()) + "\n";
  }

  void next_word(std::uint64_t number) {
    const auto wish = choice(number, 7);
    word([&] { return wish < 2 ? resume() : wish < 3 ? confirm() : ask(wish < 6); });
  }

  /// Who began to go back goes on with it; when that does not end it, what was begun was to finish.
  void last_word(int number) {
    const bool back = going_back_ || choice(100, 2) == 0;
    word([&] { ask(back == (number % 2 == 0)); });
  }

  /// Another process at the same time. The appliance is held, so it must not come to act.
  void second() {
    if (!run_.begun()) return;
    word([this] { ask(true); });
  }

  /// A cutover whose clients have waited longer than they may is given up before its commit.
  void judge_stall(std::string_view part, double ms) {
    if (part == "hold") waited_ms_ = 0;
    const auto longest = spec_.shape.run_options().max_stall.count();
    const auto may =
        run_.state() == RunState::cutting_over ? longest : std::max(longest, std::min(10 * longest, kBack));
    if (part == "commit" && waited_ms_ > static_cast<double>(may))
      run_.world().violate("stall", "clients had waited " + std::to_string(waited_ms_) + " ms before the commit, of " +
                                        std::to_string(may));
    waited_ms_ += ms;
  }

  void mend() {
    auto& world = run_.world();
    world.faults().set({});
    world.start_daemons();
    world.free_space(64ULL << 30U);
  }

  /// Who finds a machine off that should be on starts it: an original always, for it was not the run that ended it; a
  /// clone that serves by `moult resume`, for by itself it comes back on the run's network (docs/recovery.md).
  void start_machines() {
    reset_hung();
    const bool cut_over = run_.begun() && run_.state() == RunState::confirming;
    bool clone_off = false;
    std::vector<MachineRef> off;
    for (const auto& domain : run_.world().domains()) {
      if (!domain || domain->state == PowerState::running) continue;
      clone_off = clone_off || (cut_over && !domain->run.empty());
      if (domain->run.empty()) off.push_back(domain->ref);
    }
    for (const auto& machine : off) (void)run_.platform().lifecycle().start(machine);
    if (clone_off) word([this] { resume(); });
    if (clone_off || !off.empty()) run_.serve_for(kLastService);
    mount_disks();
  }

  /// Who finds a machine without its data that clients should reach mounts what it has.
  void mount_disks() {
    if (spec_.shape[Shape::fstab] != 0) return;
    run_.serve_for(kLongestBoot);
    for (const auto& domain : run_.world().domains())
      if (domain && domain->guest.booted && is_to_serve(*domain))
        for (const auto& disk : std::vector<sim::Disk>(domain->disks)) run_.world().mount(*domain, disk.target);
  }

  /// Who finds a machine hung that clients should reach has it start anew. That another one hangs nobody sees.
  void reset_hung() {
    for (const auto& domain : run_.world().domains())
      if (domain && domain->state == PowerState::running && domain->guest.hangs() && is_to_serve(*domain))
        run_.world().power_off(*domain);
  }
  /// An original, or the clone from its switch on, as `moult status` has it.
  [[nodiscard]] bool is_to_serve(const sim::Domain& domain) {
    if (domain.run.empty()) return true;
    const auto steps = run_.store().journal().steps("r1");
    return steps && std::any_of(steps->begin(), steps->end(), [](const StepRecord& step) {
             return step.step == "switch" && step.subject == "cutover" && step.outcome != StepOutcome::undone;
           });
  }

  void judge() {
    auto& world = run_.world();
    world.check_notes();
    if (spec_.shape[Shape::holds] != 0 && struck().empty() && world.accounts().failed != 0)
      world.violate("refused", "without any fault, requests of clients were refused");
    if (!world.serves()) world.violate("I3", "at the end no side serves");
    if (!is_over_now() && !is_left()) world.violate("I3", "the run cannot be ended");
    if (is_over_now() && (!run_.begun() || run_.state() != RunState::finished)) judge_undone();
    if (run_.begun() && run_.state() == RunState::finished) judge_finished();
  }

  void judge_undone() {
    if (things() != before_) run_.serve_for(kLongestLease);  // what ends by itself is not left
    if (const auto now = things(); now != before_)
      run_.world().violate("I4", "what is left differs from what was before:\n" + before_ + "now:\n" + now);
  }

  void judge_finished() {
    for (const auto& domain : run_.world().domains())
      if (domain && !domain->run.empty()) run_.world().violate("I4", "a clone is left: " + domain->ref.domain);
    if (const auto now = things();
        now.find(".moult-") != std::string::npos || now.find(" network ") != std::string::npos)
      run_.world().violate("I4", "something of the finished run is left:\n" + now);
  }

  [[nodiscard]] std::vector<sim::Strike> struck() {
    return spec_.strikes ? *spec_.strikes : run_.world().faults().strikes();
  }

  LifeEnd end() {
    auto& world = run_.world();
    LifeEnd end;
    end.violations = world.violations();
    if (run_.begun()) end.state = run_.state();
    end.hash = world.trace().hash();
    end.calls = world.faults().calls();
    end.struck = struck();
    end.switched =
        end.state == RunState::confirming || end.state == RunState::finished || end.state == RunState::rolled_back;
    end.words = words_;
    if (spec_.keep_trace) end.trace = world.trace().text(100'000);
    return end;
  }

  const LifeSpec& spec_;
  const std::string& desk_;
  SimRun run_;
  std::string before_, words_;
  bool going_back_ = false;
  bool failed_ = false;  ///< the last word, or its process died
  double waited_ms_ = 0;
};

}  // namespace

LifeEnd live(const LifeSpec& spec, const std::string& desk) { return Life(spec, desk).all(); }

}  // namespace moult::test
