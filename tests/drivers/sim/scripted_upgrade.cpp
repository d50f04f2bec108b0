#include "tests/drivers/sim/scripted_upgrade.hpp"

#include "tests/drivers/sim/notes_world.hpp"

namespace moult::sim::test {
namespace {

constexpr Millis kBoot{60'000}, kLease{10'000}, kDrain{5000};

class Script {
 public:
  Script(Platform& platform, const SimOptions& options, const Leave& leave)
      : platform_(platform), options_(options), leave_(leave), machines_(machines_of(options)) {}

  Result<> run() {
    MOULT_TRY(clone());
    MOULT_TRY(upgrade());
    for (int round = 0; round < 3; ++round) {
      MOULT_TRY(carry(RoundMode::events));
      platform_.clock().sleep(Millis{500});
    }
    return cutover();
  }

 private:
  Result<> clone() {
    const auto& uri = machines_.front().uri;
    MOULT_TRY(platform_.network().create(kRun, uri));
    for (const auto& machine : machines_) {
      MOULT_ASSIGN(auto session, platform_.guests().session(kRun, machine, kBoot));
      originals_.push_back(std::move(session));
    }
    if (!leave_.capture_first) MOULT_TRY(app(originals_).files().start_capture({notes_set()}));
    for (const auto& machine : machines_) MOULT_TRY(platform_.cloner().prepare(kRun, machine));
    for (auto& session : originals_) MOULT_TRY(session->files().freeze({}, kLease));
    for (const auto& machine : machines_) MOULT_TRY(platform_.cloner().snapshot(kRun, machine));
    for (auto& session : originals_) MOULT_TRY(session->files().thaw());
    if (leave_.capture_first) {
      platform_.clock().sleep(Millis{1500});
      MOULT_TRY(app(originals_).files().start_capture({notes_set()}));
    }
    for (const auto& machine : machines_) {
      MOULT_TRY(platform_.cloner().create_clone(kRun, machine));
      MOULT_ASSIGN(auto session, platform_.guests().session(kRun, platform_.cloner().clone_of(kRun, machine), kBoot));
      clones_.push_back(std::move(session));
    }
    return app(clones_).files().open_target(notes_set());
  }

  Result<> upgrade() {
    const auto none = [](std::span<std::byte>) -> Result<std::size_t> { return 0; };
    auto& guest = app(clones_).access();
    MOULT_TRY(guest.put("/var/tmp/notes-api_2.0.0_amd64.deb", 0600, none));
    MOULT_TRY(run(guest, {"dpkg", "--install", "/var/tmp/notes-api_2.0.0_amd64.deb"}));
    MOULT_TRY(run(clones_[0]->access(), {"notes-ui-setup", "2.0.0"}));
    MOULT_TRY(migrate({}));
    return leave_.capture_first ? Result<>{} : carry(RoundMode::reconcile);
  }

  Result<> migrate(const std::vector<std::string>& paths) {
    Command command;
    command.argv = {"notes-migrate", "--to", "2"};
    command.env["MOULT_DATA_ROOT"] = notes_set().root;
    for (const auto& path : paths) command.input += path + '\0';
    MOULT_TRY(app(clones_).access().run(command));
    return app(clones_).files().accept(notes_set().name, paths);
  }

  Result<> carry(RoundMode mode) {
    const auto& set = notes_set().name;
    std::vector<std::byte> manifest;
    if (mode == RoundMode::reconcile)
      MOULT_TRY(app(clones_).files().manifest(set, [&](Bytes bytes) -> Result<> {
        manifest.insert(manifest.end(), bytes.begin(), bytes.end());
        return {};
      }));
    std::size_t at = 0;
    const auto source = [&](std::span<std::byte> into) -> Result<std::size_t> {
      const auto size = std::min(into.size(), manifest.size() - at);
      std::copy_n(manifest.begin() + static_cast<std::ptrdiff_t>(at), size, into.begin());
      at += size;
      return size;
    };
    MOULT_ASSIGN(auto stream, app(clones_).files().apply(set));
    MOULT_TRY(app(originals_).files().emit(set, mode, source, [&](Bytes bytes) { return stream->write(bytes); }));
    MOULT_ASSIGN(auto applied, stream->finish());
    if (!applied.conflicts.empty()) return fail(Code::conflict, applied.conflicts.front());
    return applied.paths.empty() ? Result<>{} : migrate(applied.paths);
  }

  Result<> cutover() {
    MOULT_ASSIGN(auto entry, platform_.entry(options_.appliance.entry));
    MOULT_TRY(entry->hold(kLease));
    MOULT_TRY(entry->drain(kDrain));
    MOULT_TRY(app(originals_).files().freeze({notes_set().name}, kLease));
    if (!leave_.last_round) MOULT_TRY(carry(RoundMode::events));
    if (!leave_.last_round) MOULT_TRY(verify());
    MOULT_TRY(run(app(clones_).access(), {"systemctl", "restart", "notes-api"}));
    for (const auto& machine : machines_)
      if (!leave_.seal) MOULT_TRY(platform_.network().move(kRun, machine, machine, Side::sealed));
    MOULT_ASSIGN(const bool held, app(originals_).files().thaw());
    if (!held) return fail(Code::timeout, "the fence ended by itself");
    for (const auto& machine : machines_)
      MOULT_TRY(platform_.network().move(kRun, machine, platform_.cloner().clone_of(kRun, machine), Side::production));
    MOULT_TRY(entry->release());
    return entry->check(kDrain);
  }

  Result<> verify() {
    MOULT_ASSIGN(const auto here, app(originals_).files().digest(notes_set().name));
    MOULT_ASSIGN(const auto there, app(clones_).files().digest(notes_set().name));
    return here == there ? Result<>{} : Result<>(fail(Code::mismatch, here + " is not " + there));
  }

  static Result<> run(GuestAccess& guest, Argv argv) {
    Command command;
    command.argv = std::move(argv);
    MOULT_ASSIGN(const auto outcome, guest.run(command));
    return outcome.good() ? Result<>{} : Result<>(fail(Code::failed, command.argv.front() + ": " + outcome.err));
  }

  using Sessions = std::vector<std::unique_ptr<GuestSession>>;
  static GuestSession& app(Sessions& sessions) { return *sessions[1]; }

  Platform& platform_;
  const SimOptions& options_;
  Leave leave_;
  std::vector<MachineRef> machines_;
  Sessions originals_, clones_;
};

}  // namespace

std::vector<MachineRef> machines_of(const SimOptions& options) {
  std::vector<MachineRef> machines;
  for (const auto& machine : options.appliance.machines)
    machines.push_back({machine.name, options.appliance.uri_of(machine), machine.domain});
  return machines;
}

Result<> scripted_upgrade(Platform& platform, const SimOptions& options, const Leave& leave) {
  return Script(platform, options, leave).run();
}

Result<> scripted_undo(Platform& platform, const SimOptions& options) {
  for (const auto& machine : machines_of(options)) {
    MOULT_TRY(platform.cloner().discard_clone(kRun, machine));
    MOULT_ASSIGN(const auto side, platform.network().where(kRun, machine));
    if (side != Side::production) MOULT_TRY(platform.network().move(kRun, machine, machine, Side::production));
    MOULT_ASSIGN(auto session, platform.guests().session(kRun, machine, kBoot));
    MOULT_TRY(session->remove());
    MOULT_TRY(platform.cloner().restore_chain(kRun, machine));
  }
  return platform.network().remove(kRun, machines_of(options).front().uri);
}

}  // namespace moult::sim::test
