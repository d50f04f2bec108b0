#include <algorithm>

#include "drivers/sim/world.hpp"

namespace moult::sim {
namespace {
constexpr std::size_t kMostViolations = 20;
}  // namespace

void World::violate(std::string invariant, std::string text) {
  note(invariant);
  if (violations_.size() < kMostViolations) violations_.push_back({now_, std::move(invariant), std::move(text)});
}

/// Clients' packets arrive: switched on, and every NIC where production is.
bool World::reachable(const Domain& domain) const {
  return domain.state == PowerState::running && !domain.nics.empty() &&
         std::all_of(domain.nics.begin(), domain.nics.end(),
                     [](const Nic& nic) { return nic.source == nic.production; });
}

bool World::acknowledges(const Domain& domain) const {
  return reachable(domain) && domain.guest.booted && domain.guest.stopped.empty() && !frozen(domain) &&
         has_data(domain);
}

/// I1 for one machine of the appliance; returns the domain that its clients reach.
int World::judge_role(int role) {
  int reached = -1, acker = -1;
  for (std::size_t i = 0; i < domains_.size(); ++i) {
    const auto* domain = domains_[i].get();
    if (domain == nullptr || domain->role != role || !reachable(*domain)) continue;
    if (acknowledges(*domain)) {
      if (acker >= 0)
        violate("I1", at(acker)->ref.domain + " and " + domain->ref.domain + " can both acknowledge a write");
      acker = static_cast<int>(i);
    }
    if (domain->guest.booted && domain->guest.stopped.empty() && has_data(*domain)) reached = static_cast<int>(i);
  }
  return acker >= 0 ? acker : reached;
}

/// I5: a clone with a NIC on production while its original is there too is outside the run's own network.
void World::judge_isolation() {
  const auto touches = [](const Domain& domain) {
    return domain.state == PowerState::running &&
           std::any_of(domain.nics.begin(), domain.nics.end(),
                       [](const Nic& nic) { return nic.source == nic.production; });
  };
  for (const auto& clone : domains_) {
    if (!clone || clone->run.empty() || !touches(*clone)) continue;
    for (const auto& original : domains_)
      if (original && original->run.empty() && original->role == clone->role && touches(*original))
        violate("I5", clone->ref.domain + " reaches production while " + original->ref.domain + " is there");
  }
}

/// Is `path` below the top of one of the domain's disks?
bool World::reads_through(const Domain& domain, const std::string& path) {
  const auto& layers = hosts_[domain.ref.uri].layers;
  for (const auto& disk : domain.disks)
    for (auto layer = layers.find(disk.path); layer != layers.end(); layer = layers.find(layer->second.base))
      if (layer->second.base == path) return true;
  return false;
}

/// I4: nobody who runs writes a layer that another one reads through.
void World::judge_layers() {
  for (const auto& writer : domains_) {
    if (!writer || writer->state != PowerState::running) continue;
    for (const auto& reader : domains_)
      for (const auto& disk : writer->disks)
        if (reader && reader != writer && reader->ref.uri == writer->ref.uri && reads_through(*reader, disk.path))
          violate("I4",
                  writer->ref.domain + " writes " + disk.path + ", through which " + reader->ref.domain + " reads");
  }
}

void World::settle() {
  stirred_ = false;
  all_served_ = roles_ > 0;
  for (int role = 0; role < roles_; ++role) {
    serving_[static_cast<std::size_t>(role)] = judge_role(role);
    all_served_ = all_served_ && serving_[static_cast<std::size_t>(role)] >= 0;
  }
  judge_isolation();
  judge_layers();
  if (roles_ == 0) return;
  const int server = serving_[static_cast<std::size_t>(data_role_)];
  if (server < 0 || !acknowledges(*at(server))) return;
  if (std::exchange(last_acker_, server) != server) check_notes(*at(server));
}

void World::check_notes(Domain& domain) {
  const auto& files = tree(domain);
  const bool new_form = in_new_form(files);
  for (const auto& note : notes_) judge_note(note, files, new_form, "on the side that serves");
}

void World::check_notes() {
  if (roles_ == 0) return;
  if (Domain* domain = at(serving_[static_cast<std::size_t>(data_role_)])) check_notes(*domain);
}

const Domain* World::serving(const std::string& machine) const {
  for (const int index : serving_)
    if (index >= 0 && domains_[static_cast<std::size_t>(index)]->ref.name == machine)
      return domains_[static_cast<std::size_t>(index)].get();
  return nullptr;
}

}  // namespace moult::sim
