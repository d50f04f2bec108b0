#include "drivers/sim/guests.hpp"

#include "drivers/sim/lifecycle.hpp"
#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

constexpr Time kMillisecond = 1000;

bool is_up(const Domain* domain) {
  return domain != nullptr && domain->state == PowerState::running && domain->guest.booted;
}

Unexpected no_agent(const MachineRef& machine, const char* why, const char* remedy) {
  return fail(Code::unreachable, "the guest agent of " + machine.domain + " " + why, remedy);
}

Unexpected no_helper(const MachineRef& machine) {
  return fail(Code::unreachable, "the helper in " + machine.domain + " does not answer");
}

constexpr std::string_view kBootId = "/proc/sys/kernel/random/boot_id";
constexpr Time kSilence = 25'000 * kMillisecond;  ///< who does not answer is given up
constexpr Time kRevival = 180'000 * kMillisecond;

}  // namespace

Result<Domain*> guest_with_agent(World& world, const MachineRef& machine) {
  Domain* domain = world.find(machine);
  if (domain == nullptr) return no_domain(machine);
  if (!domain->has_agent)
    return no_agent(machine, "has no channel",
                    "Install qemu-guest-agent and define the channel org.qemu.guest_agent.0.");
  if (!is_up(domain)) return no_agent(machine, "does not answer", "Check that the machine runs and its agent too.");
  if (world.frozen(*domain)) return no_agent(machine, "refuses while file systems are frozen", "Thaw them first.");
  return domain;
}

bool has_helper(World& world, const MachineRef& machine, const std::string& run) {
  const Domain* domain = world.find(machine);
  return is_up(domain) && domain->guest.helper && domain->guest.helper->run == run;
}

Result<Domain*> guest_with_helper(World& world, const MachineRef& machine, const std::string& run) {
  const auto* domain = world.find(machine);
  if (domain != nullptr && domain->state == PowerState::running && !domain->guest.booted)
    world.advance_until(world.now() + (domain->guest.hangs() ? kSilence : kRevival),
                        [&] { return is_up(world.find(machine)); });
  if (!has_helper(world, machine, run)) {
    MOULT_ASSIGN(Domain * revived, guest_with_agent(world, machine));
    revived->guest.helper.emplace();
    revived->guest.helper->run = run;
  }
  return world.find(machine);
}

Result<Domain*> SimAccess::guest() {
  return run_.empty() ? guest_with_agent(world_, machine_) : guest_with_helper(world_, machine_, run_);
}

Result<Outcome> SimAccess::run(const Command& command) {
  return world_.call(CallId::run, &machine_, [&]() -> Result<Outcome> {
    MOULT_ASSIGN(Domain * domain, guest());
    return run_program(world_, *domain, command);
  });
}

Result<> SimAccess::put(const std::string& path, std::uint32_t mode, const ByteSource& content) {
  return world_.call(CallId::put, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    MOULT_ASSIGN(auto bytes, receive(content));
    if (!writable(world_, *domain, path)) return fail(Code::timeout, path + " is on a frozen file system");
    if (world_.host(machine_.uri).free_bytes < bytes.size())
      return fail(Code::no_space, "no space left for " + path, "Free space on " + machine_.uri + ".");
    world_.write(*domain, path, {FileNode::Kind::file, mode, 0, 0, std::move(bytes)});
    return {};
  });
}

Result<> SimAccess::get(const std::string& path, const ByteSink& sink) {
  return world_.call(CallId::get, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    if (path == kBootId) return send("boot " + std::to_string(domain->guest.epoch) + "\n", sink);
    const auto& files = world_.tree(*domain);
    const auto found = files.find(path);
    if (found == files.end() || found->second.kind != FileNode::Kind::file)
      return fail(Code::not_found, "there is no file " + path + " in " + machine_.domain);
    return send(found->second.content, sink);
  });
}

bool SimSession::alive(Millis) {
  const auto answer =
      world_.call(CallId::alive, &machine_, [&]() -> Result<bool> { return has_helper(world_, machine_, run_); });
  return answer.value_or(false);
}

Result<> SimSession::announce() {
  return world_.call(CallId::announce, &machine_,
                     [&]() -> Result<> { return guest_with_helper(world_, machine_, run_).map([](Domain*) {}); });
}

Result<TcpConnections> SimSession::connections() {
  if (!has_helper(world_, machine_, run_)) return no_helper(machine_);
  return world_.find(machine_)->guest.connections;
}

Result<> SimSession::tickle(const TcpConnections& connections) {
  if (!has_helper(world_, machine_, run_)) return no_helper(machine_);
  world_.find(machine_)->guest.tickled = connections;
  return {};
}

Result<> SimSession::remove() {
  return world_.call(CallId::remove_helper, &machine_, [&]() -> Result<> {
    Domain* domain = world_.find(machine_);
    if (domain == nullptr) return no_domain(machine_);
    if (domain->guest.helper && domain->guest.helper->run == run_) {
      world_.thaw(*domain, false);
      domain->guest.helper.reset();
    }
    return {};
  });
}

Result<std::unique_ptr<TunnelListener>> SimTunnel::listen(int port) {
  return fail(Code::refused, "nothing in a simulated guest would connect to port " + std::to_string(port));
}

Result<std::unique_ptr<TunnelEnd>> SimTunnel::connect(int port) {
  return Unexpected(Error{Code::unreachable,
                          "nothing listens on port " + std::to_string(port) + " of a simulated guest",
                          "Data of the kind native needs real machines.",
                          {},
                          Disposition::fail});
}

Result<StartedCommand> SimTunnel::start(const Command& command) {
  return fail(Code::not_found, "no program runs in a simulated guest: " + command.argv.front());
}

Result<> SimTunnel::kill(std::uint64_t) { return {}; }

Result<std::unique_ptr<GuestAccess>> SimGuests::agent(const MachineRef& machine) {
  return world_.call(CallId::agent, &machine, [&]() -> Result<std::unique_ptr<GuestAccess>> {
    MOULT_TRY(check_host(world_, machine.uri));
    MOULT_TRY(guest_with_agent(world_, machine));
    return std::make_unique<SimAccess>(world_, machine, std::string());
  });
}

Result<std::unique_ptr<GuestSession>> SimGuests::session(const std::string& run, const MachineRef& machine,
                                                         Millis boot) {
  return world_.call(CallId::session, &machine, [&]() -> Result<std::unique_ptr<GuestSession>> {
    MOULT_TRY(check_host(world_, machine.uri));
    if (world_.find(machine) == nullptr) return no_domain(machine);
    const Time deadline = world_.now() + boot.count() * kMillisecond;
    // The helper that is there already needs no agent; a new one does, and the agent needs file systems that are not
    // frozen.
    world_.advance_until(
        deadline, [&] { return has_helper(world_, machine, run) || guest_with_agent(world_, machine).has_value(); });
    MOULT_TRY(guest_with_helper(world_, machine, run));
    return std::make_unique<SimSession>(world_, machine, run);
  });
}

}  // namespace moult::sim
