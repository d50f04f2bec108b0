#include <algorithm>
#include <map>
#include <span>

#include "catch.hpp"
#include "tests/drivers/contract/support.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;
using contract::code_of;
using contract::value_of;
using sim::FaultKind;

namespace {

constexpr Millis kBoot{60'000};

/// A world whose calls meet one fault.
struct Struck {
  Struck()
      : platform(value_of(make_sim_platform(notes_options(5)))),
        web(machines_of(notes_options())[0]),
        app(machines_of(notes_options())[1]) {}

  void next(FaultKind kind, const std::string& call) { world().faults().set(sim::FaultPlan{}.with(kind, call)); }
  sim::World& world() { return platform->world(); }
  std::unique_ptr<GuestSession> session() { return value_of(platform->guests().session(kRun, app, kBoot)); }
  std::unique_ptr<Entry> entry() { return value_of(platform->entry(notes_options().appliance.entry)); }
  Result<> prepare() { return platform->cloner().prepare(kRun, app); }
  Presence overlays() { return value_of(platform->cloner().probe_snapshot(kRun, app)); }
  PowerState state() { return value_of(platform->lifecycle().inspect(app)).state; }

  std::unique_ptr<SimPlatform> platform;
  MachineRef web, app;
};

Disposition disposition_of(const Result<>& result) {
  REQUIRE_FALSE(result);
  return result.error().disposition;
}

void refuse(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::fail);
  CHECK(it.overlays() == Presence::absent);
  REQUIRE_GOOD(it.prepare());
}

void lose_call(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);
  CHECK(it.overlays() == Presence::absent);
}

void lose_answer(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);
  CHECK(it.overlays() == Presence::partial);
}

void half_way(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);
  CHECK(it.overlays() == Presence::partial);
  REQUIRE_GOOD(it.prepare());
}

void slow(Struck& it) {
  const auto before = it.platform->clock().steady();
  REQUIRE_GOOD(it.prepare());
  CHECK(it.platform->clock().steady() - before >= Millis{5000});
}

void crash_guest(Struck& it) {
  const auto session = it.session();
  it.next(FaultKind::crash_guest, "run");
  Command command;
  command.argv = {"true"};
  CHECK(session->access().run(command).error().disposition == Disposition::ambiguous);
  CHECK_FALSE(it.world().serves());
  CHECK_FALSE(session->alive(Millis{10}));
  it.platform->clock().sleep(Millis{5000});
  CHECK(it.state() == PowerState::running);
  CHECK(it.world().serves());
}

void hang_guest(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);
  it.platform->clock().sleep(Millis{60'000});
  CHECK(it.state() == PowerState::running);
  CHECK_FALSE(it.world().serves());
  CHECK(code_of(it.platform->guests().session(kRun, it.app, kBoot)) == Code::unreachable);
  REQUIRE_GOOD(it.platform->lifecycle().stop(it.app, Millis{0}));
  REQUIRE_GOOD(it.platform->lifecycle().start(it.app));
  it.platform->clock().sleep(Millis{5000});
  CHECK(it.world().serves());
}

void destroy_guest(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);
  it.platform->clock().sleep(Millis{60'000});
  CHECK(it.state() == PowerState::off);
  CHECK_FALSE(it.world().serves());
}

void kill_helper(Struck& it) {
  const auto session = it.session();
  REQUIRE_GOOD(session->files().start_capture({notes_set()}));
  it.next(FaultKind::kill_helper, "pending");
  CHECK(code_of(session->files().pending(notes_set().name)) == Code::not_found);
}

void overflow(Struck& it) {
  const auto session = it.session();
  REQUIRE_GOOD(session->files().start_capture({notes_set()}));
  contract::put_text(session->access(), "/var/lib/notes/new", "new");
  it.next(FaultKind::overflow, "pending");
  CHECK(value_of(session->files().pending(notes_set().name)).overflow);
  std::string records;
  const auto report = value_of(session->files().emit(notes_set().name, RoundMode::events, contract::source_of(""),
                                                     contract::sink_into(records)));
  CHECK(report.scanned);
  CHECK(report.scan_reason == "queue overflow");
  CHECK(records.find("new") != std::string::npos);
}

void fill_host(Struck& it) {
  CHECK(code_of(it.prepare()) == Code::no_space);
  const auto session = it.session();
  CHECK(code_of(session->access().put("/var/tmp/x", 0600, contract::source_of("x"))) == Code::no_space);
  it.world().free_space(1U << 30U);
  REQUIRE_GOOD(it.prepare());
}

void restart_entry(Struck& it) {
  const auto entry = it.entry();
  REQUIRE_GOOD(entry->hold(Millis{20'000}));
  it.platform->clock().sleep(Millis{2000});
  const auto failed = it.world().accounts().failed;
  it.next(FaultKind::restart_entry, "where_entry");
  CHECK_FALSE(value_of(entry->where()).holding);
  CHECK(it.world().accounts().failed > failed);
}

void jump_clock(Struck& it) {
  const auto utc = it.platform->clock().utc();
  const auto steady = it.platform->clock().steady();
  REQUIRE_GOOD(it.prepare());
  const auto jumped = std::chrono::abs(it.platform->clock().utc() - utc);
  CHECK(jumped > std::chrono::hours{23});
  CHECK(it.platform->clock().steady() - steady < Millis{1000});
}

/// A dead process changes nothing more, and its waits end without moving the world.
void check_dead(Struck& it) {
  CHECK(it.world().dead());
  const auto at = it.world().now();
  const auto before = it.platform->clock().steady();
  CHECK(code_of(it.entry()->hold(Millis{1000})) == Code::interrupted);
  it.platform->clock().sleep(Millis{1000});
  CHECK(it.platform->clock().steady() - before == Millis{1000});
  CHECK(it.world().now() == at);
  it.world().revive();
}

void kill_before(Struck& it) {
  CHECK(code_of(it.prepare()) == Code::interrupted);
  check_dead(it);
  CHECK(it.overlays() == Presence::absent);
}

void kill_after(Struck& it) {
  CHECK(code_of(it.prepare()) == Code::interrupted);
  check_dead(it);
  CHECK(it.overlays() == Presence::partial);
}

void fail_command(Struck& it) {
  const auto session = it.session();
  Command command;
  command.argv = {"mkdir", "/srv/new"};
  it.next(FaultKind::fail_command, "run");
  CHECK(value_of(session->access().run(command)).exit_code == 1);
  CHECK(value_of(session->access().run({{"test", "-d", "/srv/new"}, {}, {}})).exit_code == 1);
  CHECK(value_of(session->access().run(command)).good());
}

void late_answer(Struck& it) {
  const auto before = it.platform->clock().steady();
  REQUIRE_GOOD(it.prepare());
  CHECK(it.platform->clock().steady() - before >= Millis{5000});
  CHECK(it.overlays() == Presence::partial);
}

void stale(Struck& it) {
  const auto entry = it.entry();
  it.next(FaultKind::stale, "where_entry");
  CHECK_FALSE(value_of(entry->where()).holding);  // there is no older answer
  REQUIRE_GOOD(entry->hold(Millis{20'000}));
  it.next(FaultKind::stale, "where_entry");
  CHECK_FALSE(value_of(entry->where()).holding);
  CHECK(value_of(entry->where()).holding);
}

void stop_daemon(Struck& it) {
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);
  CHECK(disposition_of(it.prepare()) == Disposition::ambiguous);  // still away
  it.platform->clock().sleep(Millis{6000});
  REQUIRE_GOOD(it.prepare());
}

void garble(Struck& it) {
  const auto session = it.session();
  REQUIRE_GOOD(session->files().start_capture({notes_set()}));
  contract::put_text(session->access(), "/var/lib/notes/new", "new");
  std::string records;
  (void)value_of(session->files().emit(notes_set().name, RoundMode::events, contract::source_of(""),
                                       contract::sink_into(records)));
  const auto other = value_of(it.platform->guests().session(kRun, it.web, kBoot));
  REQUIRE_GOOD(other->files().open_target(notes_set()));
  it.next(FaultKind::garble, "apply");
  const auto stream = value_of(other->files().apply(notes_set().name));
  REQUIRE_GOOD(stream->write(std::as_bytes(std::span(records.data(), records.size()))));
  const auto paths = value_of(stream->finish()).paths;
  CHECK(std::any_of(paths.begin(), paths.end(), [&](const auto& path) {
    return contract::get_text(other->access(), "/var/lib/notes/" + path) == "garbled\n";
  }));
}

void second(Struck& it) {
  int tried = 0;
  auto plan = sim::FaultPlan{}.with(FaultKind::second, "prepare");
  plan.on_second = [&] { ++tried; };
  it.world().faults().set(plan);
  REQUIRE_GOOD(it.prepare());
  CHECK(tried == 1);
}

using Try = void (*)(Struck&);
const std::map<FaultKind, Try> kTries{
    {FaultKind::refuse, refuse},
    {FaultKind::lose_call, lose_call},
    {FaultKind::lose_answer, lose_answer},
    {FaultKind::half_way, half_way},
    {FaultKind::slow, slow},
    {FaultKind::crash_guest, crash_guest},
    {FaultKind::destroy_guest, destroy_guest},
    {FaultKind::kill_helper, kill_helper},
    {FaultKind::overflow, overflow},
    {FaultKind::fill_host, fill_host},
    {FaultKind::restart_entry, restart_entry},
    {FaultKind::jump_clock, jump_clock},
    {FaultKind::kill_before, kill_before},
    {FaultKind::kill_after, kill_after},
    {FaultKind::fail_command, fail_command},
    {FaultKind::late_answer, late_answer},
    {FaultKind::stale, stale},
    {FaultKind::stop_daemon, stop_daemon},
    {FaultKind::garble, garble},
    {FaultKind::second, second},
    {FaultKind::hang_guest, hang_guest},
};

}  // namespace

TEST_CASE("every kind of fault has its effect") {
  CHECK(kTries.size() == sim::kFaultKinds - 1);  // all but `none`
  for (const auto& [kind, attempt] : kTries) {
    INFO(sim::name_of(kind));
    Struck it;
    it.next(kind, "prepare");
    attempt(it);
    CHECK(it.world().violations().empty());
  }
}

TEST_CASE("a rule strikes the call that it names, at its turn, on its machine") {
  Struck it;
  it.world().faults().set(sim::FaultPlan{}.with(FaultKind::refuse, "prepare", 2, "web"));
  REQUIRE_GOOD(it.prepare());
  REQUIRE_GOOD(it.platform->cloner().prepare(kRun, it.web));
  REQUIRE_GOOD(it.prepare());
  CHECK_FALSE(it.platform->cloner().prepare(kRun, it.web));
  REQUIRE_GOOD(it.platform->cloner().prepare(kRun, it.web));
}

TEST_CASE("chance strikes at most so often as the plan allows") {
  auto options = notes_options(9);
  options.faults.ppm[static_cast<std::size_t>(FaultKind::refuse)] = 1'000'000;
  options.faults.most = 4;
  const auto platform = value_of(make_sim_platform(options));
  int refused = 0;
  for (int i = 0; i < 50; ++i) refused += platform->lifecycle().inspect(machines_of(options)[0]) ? 0 : 1;
  CHECK(refused == 4);
}

TEST_CASE("chance that is sure strikes where its quiet ends, and then at the next call of the kind it waits for") {
  auto options = notes_options(9);
  options.faults.ppm[static_cast<std::size_t>(FaultKind::refuse)] = 1;
  options.faults.most = 2;
  options.faults.quiet_before = 3;
  options.faults.sure = true;
  options.faults.next = sim::CallId::where_machine;
  const auto platform = value_of(make_sim_platform(options));
  const auto app = machines_of(options)[0];
  std::string good;
  for (int i = 0; i < 6; ++i) good += platform->lifecycle().inspect(app) ? 'y' : 'n';
  for (int i = 0; i < 3; ++i) good += platform->network().where(kRun, app) ? 'y' : 'n';
  CHECK(good == "yyynyynyy");
}

TEST_CASE("what is struck more often meets every kind of fault, and what befalls some calls befalls no other") {
  auto options = notes_options(9);
  options.clients = 0;
  for (const auto kind : {FaultKind::refuse, FaultKind::slow, FaultKind::garble, FaultKind::late_answer})
    options.faults.ppm[static_cast<std::size_t>(kind)] = 20'000;
  options.faults.most = 300;
  options.faults.burst = 16;
  options.faults.focus = sim::CallId::inspect;
  const auto platform = value_of(make_sim_platform(options));
  std::map<FaultKind, int> met;
  while (platform->world().faults().struck() < options.faults.most)
    (void)platform->lifecycle().inspect(machines_of(options)[0]);
  for (const auto& strike : platform->world().faults().strikes()) ++met[strike.kind];
  CHECK(met.size() == 3);
  for (const auto& [kind, times] : met) CHECK(times > 60);
}

TEST_CASE("the hook of a kill is called once, at the moment of death") {
  auto options = notes_options(9);
  int killed = 0;
  options.faults.with(FaultKind::kill_before, "", 3);
  options.faults.on_kill = [&killed] { ++killed; };
  const auto platform = value_of(make_sim_platform(options));
  for (int i = 0; i < 9; ++i) (void)platform->lifecycle().inspect(machines_of(options)[0]);
  CHECK(killed == 1);
}
