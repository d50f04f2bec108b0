#include <algorithm>

#include "drivers/sim/world.hpp"

namespace moult::sim {
namespace {

constexpr Time kLeastService = 400, kMostService = 4000;  ///< in the appliance
constexpr Time kLeastWire = 100, kMostWire = 900;         ///< the answer's way back
constexpr Time kLeastRetry = 50'000, kMostRetry = 200'000;
constexpr std::uint64_t kWriteBytes = 4096;  ///< what a disk is given for one note: a block
constexpr std::uint64_t kReadPercent = 25, kCreatePercent = 70, kDeletePercent = 10;

std::string content_of(const Note& note, std::uint32_t revision) {
  return std::to_string(note.client) + "-" + std::to_string(note.number) + " r" + std::to_string(revision) + "\n";
}

/// The revision that a note's file holds, whatever a migration put behind it; 0: it is not this note.
std::uint32_t revision_in(const std::string& content, const Note& note) {
  const auto head = std::to_string(note.client) + "-" + std::to_string(note.number) + " r";
  if (!content.starts_with(head)) return 0;
  std::uint32_t revision = 0;
  for (std::size_t i = head.size(); i < content.size() && content[i] >= '0' && content[i] <= '9'; ++i)
    revision = revision * 10 + static_cast<std::uint32_t>(content[i] - '0');
  return revision;
}

}  // namespace

std::string World::note_path(const Note& note) const {
  return data_root_ + "/n" + std::to_string(note.client) + "-" + std::to_string(note.number);
}

Time World::think_time() {
  const Time mean = std::max<Time>(options_.think.count() * 1000, 1000);
  const bool excited = now_ < excited_until_ || gate_.hold_until != 0;
  return rng_.between(mean / 10, mean * 2) / (excited ? 10 : 1);
}

void World::wake_client(int who, Time after) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  client.next = now_ + after;
  schedule(client.next, EventKind::client, who, ++client.turn);
}

void World::step_client(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  switch (client.phase) {
    case ClientPhase::thinking:
      if (!client.retrying) choose_request(client, static_cast<std::uint32_t>(who));
      knock(who);
      break;
    case ClientPhase::inside:
      take_effect(who);
      break;
    case ClientPhase::acking:
      acknowledge(who);
      break;
    case ClientPhase::held:
    case ClientPhase::blocked:
      break;
  }
}

/// A client keeps to its own notes: creates, revises and deletes them one after another, and reads any of them.
void World::choose_request(Client& client, std::uint32_t who) {
  client.began = now_;
  const auto own = [&](const Note& note) { return note.client == who && note.deleted_at == 0; };
  const bool create = rng_.below(100) < kCreatePercent;
  client.reading = data_root_.empty() || rng_.below(100) < kReadPercent;
  auto found = notes_.rend();
  if (client.reading || !create) {
    const auto skip =
        static_cast<std::ptrdiff_t>(notes_.empty() ? 0 : rng_.below(std::min<std::uint64_t>(notes_.size(), 16)));
    found = std::find_if(notes_.rbegin() + skip, notes_.rend(), own);
  }
  if (found == notes_.rend() && !data_root_.empty()) {
    client.reading = false;
    client.note = static_cast<std::uint32_t>(notes_.size());
    notes_.push_back({who, client.note, 0, 0, 0});
    notes_.back().path = note_path(notes_.back());
  } else if (found != notes_.rend()) {
    client.note = static_cast<std::uint32_t>(notes_.rend() - found - 1);
  }
  if (client.reading) return;
  auto& note = notes_[client.note];
  client.revision = ++note.tried;
  if (note.tried > 1 && rng_.below(100) < kDeletePercent) note.deleted_at = note.tried;
}

void World::knock(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  ++accounts_.requests;
  if (gate_.hold_until == 0) return go_in(who);
  client.phase = ClientPhase::held;
}

void World::go_in(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  if (!all_served_) return fail_client(who);
  client.domain = serving_[static_cast<std::size_t>(data_role_)];
  client.epoch = at(client.domain)->guest.epoch;
  client.phase = ClientPhase::inside;
  wake_client(who, rng_.between(kLeastService, kMostService));
}

/// The service acts. It does so wherever the request went, also when that side has lost its place on the network since:
/// then the answer never arrives.
void World::take_effect(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  Domain* domain = at(client.domain);
  if (domain == nullptr || domain->state != PowerState::running || domain->guest.epoch != client.epoch)
    return fail_client(who);
  if (!client.reading && frozen(*domain)) {
    client.phase = ClientPhase::blocked;
    return;
  }
  Time disk = 0;
  if (client.reading) {
    if (!data_root_.empty() && acknowledges(*domain))
      judge_note(notes_[client.note], tree(*domain), in_new_form(tree(*domain)), "read");
  } else if (host(domain->ref.uri).free_bytes == 0) {
    return fail_client(who);
  } else {
    apply_write(client, *domain);
    disk = give_disk(*domain);
  }
  client.phase = ClientPhase::acking;
  wake_client(who, disk + rng_.between(kLeastWire, kMostWire));
}

/// How long a write waits for a disk that is limited; others take what they are given in no time.
Time World::give_disk(Domain& domain) {
  auto& disk = domain.disks.front();
  disk.written += kWriteBytes;
  if (disk.limit == 0) return 0;
  disk.busy_until = std::max(disk.busy_until, now_) + static_cast<Time>(kWriteBytes * 1'000'000 / disk.limit);
  return disk.busy_until - now_;
}

void World::apply_write(Client& client, Domain& domain) {
  const auto& written = notes_[client.note];
  const bool silent = rng_.chance(options_.silent_ppm);
  const auto& path = written.path;
  if (written.deleted_at != 0 && client.revision >= written.deleted_at)
    erase(domain, path);
  else
    write(domain, path,
          {FileNode::Kind::file, 0640, 0, 0,
           content_of(written, client.revision).append(in_new_form(tree(domain)) ? kMigrated : "")},
          silent);
  note(silent ? "silent write" : "write", client.note, client.domain);
}

void World::acknowledge(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  const Domain* domain = at(client.domain);
  const bool answered = domain != nullptr && domain->guest.epoch == client.epoch && all_served_ &&
                        serving_[static_cast<std::size_t>(data_role_)] == client.domain;
  if (!answered) return fail_client(who);
  if (client.reading) {
    ++accounts_.reads;
  } else {
    notes_[client.note].acknowledged = std::max(notes_[client.note].acknowledged, client.revision);
    ++accounts_.writes_acknowledged;
    note("acknowledged", client.note, client.revision);
  }
  accounts_.longest_wait = std::max(accounts_.longest_wait, now_ - client.began);
  client.retrying = false;
  client.phase = ClientPhase::thinking;
  wake_client(who, think_time());
}

void World::fail_client(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  ++accounts_.failed;
  note("request failed", who, client.note);
  client.retrying = true;
  client.phase = ClientPhase::thinking;
  wake_client(who, rng_.between(kLeastRetry, kMostRetry));
}

void World::fail_blocked(int domain) {
  for (std::size_t i = 0; i < clients_.size(); ++i)
    if (clients_[i].phase == ClientPhase::blocked && clients_[i].domain == domain) fail_client(static_cast<int>(i));
}

void World::wake_blocked(int domain) {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (clients_[i].phase != ClientPhase::blocked || clients_[i].domain != domain) continue;
    clients_[i].phase = ClientPhase::inside;
    wake_client(static_cast<int>(i), rng_.between(kLeastWire, kMostWire));
  }
}

void World::wake_acking(int domain) {
  for (std::size_t i = 0; i < clients_.size(); ++i)
    if (clients_[i].phase == ClientPhase::acking && clients_[i].domain == domain)
      wake_client(static_cast<int>(i), rng_.between(kLeastWire, kMostWire));
}

/// Clients who wait would wait for a slowed disk as well.
void World::hold(Time until) {
  for (const auto& domain : domains_)
    if (domain && domain->state == PowerState::running && is_slowed(*domain))
      violate("stall", "clients are held while the disks of " + domain->ref.domain + " are slowed");
  gate_.hold_until = until;
  gate_.on_record = true;
  excited_until_ = now_ + 1'000'000;
  schedule(until, EventKind::hold_end, 0);
  note("hold", 0, until);
}

void World::release_held() {
  gate_.hold_until = 0;
  note("release");
  for (std::size_t i = 0; i < clients_.size(); ++i)
    if (clients_[i].phase == ClientPhase::held) go_in(static_cast<int>(i));
}

unsigned World::in_flight() const {
  return static_cast<unsigned>(std::count_if(clients_.begin(), clients_.end(), [](const Client& client) {
    return client.phase != ClientPhase::thinking && client.phase != ClientPhase::held;
  }));
}

bool World::in_new_form(const Tree& files) const {
  if (data_level_path_.empty()) return false;
  const auto level = files.find(data_level_path_);
  return level != files.end() && level->second.content == data_level_;
}

/// A note must be there with a revision between the acknowledged and the last tried one, or be gone when its deletion
/// was acknowledged; while a request is under way both its outcomes are good. What is there has the form that the level
/// reads.
void World::judge_note(const Note& note, const Tree& tree, bool new_form, const char* when) {
  const auto found = tree.find(note.path);
  const std::uint32_t revision = found == tree.end() ? 0 : revision_in(found->second.content, note);
  const bool may_be_gone = note.acknowledged == 0 || note.deleted_at != 0;
  const bool must_be_gone = note.deleted_at != 0 && note.acknowledged >= note.deleted_at;
  const bool good = revision == 0 ? may_be_gone && found == tree.end()
                                  : !must_be_gone && revision >= note.acknowledged && revision <= note.tried;
  if (good && found != tree.end() && found->second.content.ends_with(kMigrated) != new_form)
    violate("form", std::string(when) + ": note " + note.path + " is in the " + (new_form ? "old" : "new") +
                        " level's form, on a side that has the " + (new_form ? "new" : "old") + " one");
  if (good) return;
  violate("I2", std::string(when) + ": note " + note.path + " is at revision " + std::to_string(revision) +
                    ", acknowledged was " + std::to_string(note.acknowledged) +
                    (note.deleted_at != 0 ? ", deleted at " + std::to_string(note.deleted_at) : ""));
}

}  // namespace moult::sim
