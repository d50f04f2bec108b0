#include "drivers/sim/world.hpp"

#include <algorithm>

namespace moult::sim {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr Time kMillisecond = 1000;

Unexpected ambiguous(std::string message) {
  auto error = fail(Code::unreachable, std::move(message), "Probe what happened before anything else.");
  error.value().disposition = Disposition::ambiguous;
  return error;
}

std::string what_failed(CallId id, const MachineRef* on) {
  std::string text(facts_of(id).name);
  if (on != nullptr) text.append(" on ").append(on->domain);
  return text;
}

}  // namespace

void World::schedule(Time at, EventKind kind, int who, std::uint32_t turn) {
  events_.push_back({at, ++order_, kind, who, turn});
  std::push_heap(events_.begin(), events_.end());
}

/// An event whose reason has gone (a renewed lease, a request that ended otherwise) finds that its time or turn
/// differs.
void World::happen(const Event& event) {
  switch (event.kind) {
    case EventKind::client:
      if (clients_[static_cast<std::size_t>(event.who)].turn == event.turn) step_client(event.who);
      break;
    case EventKind::thaw:
      if (auto* domain = at(event.who); domain != nullptr && domain->guest.frozen_until == event.at)
        thaw(*domain, true);
      break;
    case EventKind::boot:
      if (auto* domain = at(event.who); domain != nullptr && domain->guest.boots_at == event.at) {
        domain->guest.booted = true;
        domain->guest.boots_at = kNever;
        note("booted", event.who);
        stir();
      }
      break;
    case EventKind::hold_end:
      if (gate_.hold_until == event.at) release_held();
      break;
  }
  if (stirred_) settle();
}

/// Makes the events that the state calls for: after loading a world.
void World::reschedule() {
  events_.clear();
  for (std::size_t i = 0; i < domains_.size(); ++i) {
    if (!domains_[i]) continue;
    const auto& guest = domains_[i]->guest;
    if (guest.frozen_until != 0) schedule(guest.frozen_until, EventKind::thaw, static_cast<int>(i));
    if (guest.boots_at != kNever) schedule(guest.boots_at, EventKind::boot, static_cast<int>(i));
  }
  if (gate_.hold_until != 0) schedule(gate_.hold_until, EventKind::hold_end, 0);
  for (std::size_t i = 0; i < clients_.size(); ++i)
    if (clients_[i].phase != ClientPhase::held && clients_[i].phase != ClientPhase::blocked)
      schedule(std::max(clients_[i].next, now_), EventKind::client, static_cast<int>(i), clients_[i].turn);
}

void World::advance(Time by) {
  const Time caught_up = std::min(ahead_, by);
  ahead_ -= caught_up;
  if (by > caught_up) advance_to(now_ + by - caught_up);
}

void World::advance_to(Time until) {
  while (!events_.empty() && events_.front().at <= until) {
    std::pop_heap(events_.begin(), events_.end());
    const Event event = events_.back();
    events_.pop_back();
    now_ = std::max(now_, event.at);
    happen(event);
  }
  now_ = std::max(now_, until);
}

void World::sleep(Time by) {
  {
    const Visit visit(keeper_);
    advance(by);
  }
  if (keeper_ != nullptr) keeper_->pause(by);
}

bool World::advance_until(Time deadline, const std::function<bool()>& done) {
  while (!done()) {
    if (now_ >= deadline) return false;
    const Time next = events_.empty() ? deadline : std::min(events_.front().at, deadline);
    advance_to(std::max(next, now_));
    ahead_ = 0;  // who waited for this is where the world is
  }
  return true;
}

void World::kill() {
  dead_ = true;
  ahead_ = 0;  // whoever comes next is where the world is
  note("orchestrator killed");
  if (faults_.plan().on_kill) faults_.plan().on_kill();
}

Result<> World::enter(CallId id, const MachineRef* on, Fault& fault) {
  if (dead_) return fail(Code::interrupted, "this process was killed");
  static const std::string kNoMachine;
  fault = faults_.choose(id, on != nullptr ? on->name : kNoMachine);
  if (fault.kind == FaultKind::second && faults_.plan().on_second) faults_.plan().on_second();
  const auto& facts = facts_of(id);
  const Time takes = rng_.between(facts.least_us, facts.most_us);
  advance(takes / 2);
  if (fault.kind != FaultKind::none) {
    if (auto met = meet(id, on, fault); !met) return met;
  }
  if (on != nullptr && knows_host(on->uri) && host(on->uri).down_until > now_)
    return ambiguous(what_failed(id, on) + ": the host's daemon does not answer (injected)");
  return {};
}

/// The part of a fault that precedes the effect.
Result<> World::meet(CallId id, const MachineRef* on, const Fault& fault) {
  note(name_of(fault.kind), static_cast<int>(id));
  half_way_ = fault.kind == FaultKind::half_way;
  command_fails_ = fault.kind == FaultKind::fail_command && id == CallId::run;
  if (command_fails_) return {};
  garbles_ = fault.kind == FaultKind::garble && id == CallId::apply;
  switch (fault.kind) {
    case FaultKind::fail_command:
    case FaultKind::refuse:
      return fail(Code::failed, what_failed(id, on) + " was refused (injected)");
    case FaultKind::lose_call:
      return ambiguous(what_failed(id, on) + ": the connection broke (injected)");
    case FaultKind::late_answer:
    case FaultKind::stale:
    case FaultKind::garble:
    case FaultKind::second:
      return {};
    case FaultKind::slow:
      advance(fault.by.count() * kMillisecond);
      return {};
    case FaultKind::kill_before:
      kill();
      return fail(Code::interrupted, "this process was killed");
    default:
      strike(fault, on);
  }
  const bool broke = fault.kind == FaultKind::crash_guest || fault.kind == FaultKind::destroy_guest ||
                     fault.kind == FaultKind::hang_guest;
  if (broke && on != nullptr) return ambiguous(what_failed(id, on) + ": the guest went away (injected)");
  return {};
}

/// What befalls the world, not the call.
void World::strike(const Fault& fault, const MachineRef* on) {
  Domain* domain = on != nullptr ? find(*on) : nullptr;
  if (domain == nullptr && !domains_.empty()) domain = at(0);
  switch (fault.kind) {
    case FaultKind::crash_guest:
      if (domain != nullptr) crash(*domain);
      break;
    case FaultKind::destroy_guest:
      if (domain != nullptr) power_off(*domain);
      break;
    case FaultKind::hang_guest:
      if (domain != nullptr) hang(*domain);
      break;
    case FaultKind::kill_helper:
      if (domain != nullptr) domain->guest.helper.reset();
      break;
    case FaultKind::overflow:
      if (domain != nullptr && domain->guest.helper)
        for (auto& [name, capture] : domain->guest.helper->captures) {
          capture.overflow = true;
          capture.dirty.clear();
        }
      break;
    case FaultKind::fill_host:
      if (domain != nullptr) host(domain->ref.uri).free_bytes = 0;
      break;
    case FaultKind::restart_entry:
      for (std::size_t i = 0; i < clients_.size(); ++i)
        if (clients_[i].phase == ClientPhase::held) fail_client(static_cast<int>(i));
      gate_.hold_until = 0;
      gate_.on_record = false;
      break;
    case FaultKind::jump_clock:
      wall_offset_s_ += rng_.chance(500'000) ? kDay : -kDay;
      break;
    case FaultKind::stop_daemon:
      if (domain != nullptr) host(domain->ref.uri).down_until = now_ + fault.by.count() * kMillisecond;
      break;
    default:
      break;
  }
  if (stirred_) settle();
}

Result<> World::leave(CallId id, const MachineRef* on, const Fault& fault, bool good) {
  if (stirred_) settle();
  half_way_ = false;
  const Domain* domain = on != nullptr ? find(*on) : nullptr;
  note(facts_of(id).name, domain != nullptr ? index_of(*domain) : -1, good ? 1 : 0);
  const auto& facts = facts_of(id);
  advance(rng_.between(facts.least_us, facts.most_us) / 2);
  if (fault.kind == FaultKind::late_answer) advance(fault.by.count() * kMillisecond);
  if (fault.kind == FaultKind::kill_after) {
    kill();
    return fail(Code::interrupted, "this process was killed");
  }
  if (fault.kind == FaultKind::lose_answer || (fault.kind == FaultKind::half_way && good))
    return ambiguous(what_failed(id, on) + ": no answer came (injected)");
  return {};
}

Result<> World::part() {
  if (!half_way_) return {};
  half_way_ = false;
  return ambiguous("the connection broke half way (injected)");
}

void World::free_space(std::uint64_t bytes) {
  for (auto& [uri, host] : hosts_) host.free_bytes = bytes;
}

void World::start_daemons() {
  for (auto& [uri, host] : hosts_) host.down_until = 0;
}

}  // namespace moult::sim
