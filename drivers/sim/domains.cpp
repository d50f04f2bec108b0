#include <algorithm>

#include "drivers/sim/world.hpp"

namespace moult::sim {
namespace {
constexpr Time kLeastBoot = 1'500'000, kMostBoot = 4'000'000;

/// Those of a running machine end with it; the next one has those of its description.
void forget_limits(Domain& domain) {
  for (auto& disk : domain.disks) {
    disk.limit = disk.at_start;
    disk.written = 0;
    disk.busy_until = 0;
  }
}

}  // namespace

Domain* World::find(const MachineRef& ref) {
  Domain* by_alias = nullptr;
  for (const auto& domain : domains_) {
    if (!domain || domain->ref.uri != ref.uri) continue;
    if (domain->ref.domain == ref.domain) return domain.get();
    if (domain->alias == ref.domain) by_alias = domain.get();
  }
  return by_alias;
}

int World::index_of(const Domain& domain) const {
  for (std::size_t i = 0; i < domains_.size(); ++i)
    if (domains_[i].get() == &domain) return static_cast<int>(i);
  return -1;
}

Domain& World::add(Domain domain) {
  domain.files_turn = 0;
  domains_.push_back(std::make_unique<Domain>(std::move(domain)));
  stir();
  return *domains_.back();
}

/// Its place stays empty, so that the numbers of the others hold.
void World::remove(const Domain& domain) {
  const int index = index_of(domain);
  power_off(*domains_[static_cast<std::size_t>(index)]);
  domains_[static_cast<std::size_t>(index)].reset();
}

Layer* World::layer(const std::string& uri, const std::string& path) {
  auto& layers = hosts_[uri].layers;
  const auto found = layers.find(path);
  return found == layers.end() ? nullptr : &found->second;
}

void World::power_on(Domain& domain) {
  if (domain.state == PowerState::running) return;
  domain.state = PowerState::running;
  auto& files = tree(domain);  // what is in memory alone does not come back
  files.erase(files.lower_bound("/run/"), files.lower_bound("/run0"));
  for (const auto& disk : std::vector<Disk>(domain.disks))
    if (options_.mounts_at_boot)
      mount(domain, disk.target);
    else
      unmount(domain, disk.target);
  forget_limits(domain);
  const auto epoch = domain.guest.epoch + 1;
  domain.guest = Guest{};
  domain.guest.epoch = epoch;
  domain.guest.boots_at = now_ + rng_.between(kLeastBoot, kMostBoot);
  schedule(domain.guest.boots_at, EventKind::boot, index_of(domain));
  note("power on", index_of(domain));
  stir();
}

void World::power_off(Domain& domain, PowerState state) {
  const int index = index_of(domain);
  domain.state = state;
  const auto epoch = domain.guest.epoch;
  domain.guest = Guest{};
  domain.guest.epoch = epoch + 1;
  forget_limits(domain);
  note("power off", index);
  fail_blocked(index);
  stir();
}

void World::crash(Domain& domain) {
  if (domain.state != PowerState::running) return;
  note("crash", index_of(domain));
  power_off(domain, PowerState::crashed);
  if (options_.crashed_guests_reboot) power_on(domain);
}

void World::hang(Domain& domain) {
  if (domain.state != PowerState::running) return;
  note("hang", index_of(domain));
  domain.guest.booted = false;
  domain.guest.boots_at = kNever;
  ++domain.guest.epoch;  // what clients asked of it is not answered
  fail_blocked(index_of(domain));
  stir();
}

void World::put_on(Domain& domain, std::size_t nic, const std::string& source) {
  domain.nics[nic].source = source;
  note("nic", index_of(domain), static_cast<std::int64_t>(nic));
  stir();
}

Tree& World::tree(Domain& domain) {
  if (domain.files_turn != disks_turn_) {
    domain.files = &hosts_[domain.ref.uri].layers[domain.disks.front().path].tree;
    domain.files_turn = disks_turn_;
  }
  return *domain.files;
}

/// Tells every capture whose set the path is in, by an event or by the writer that still holds the file.
void World::notice(Domain& domain, const std::string& path, bool silent) {
  if (silent && !options_.held_files_seen) return;
  if (!domain.guest.helper || !domain.guest.helper->capturing) return;
  for (auto& [name, capture] : domain.guest.helper->captures)
    if (is_below(path, capture.set.root))
      (silent ? capture.held : capture.dirty).insert(path.substr(capture.set.root.size() + 1));
}

void World::write(Domain& domain, const std::string& path, FileNode node, bool silent) {
  node.stamp = ++stamp_;
  node.mtime = now_;
  tree(domain).insert_or_assign(path, std::move(node));
  notice(domain, path, silent);
}

void World::erase(Domain& domain, const std::string& path) {
  if (tree(domain).erase(path) != 0) notice(domain, path, false);
}

/// What waits for the disk goes on at once, by the new limit.
void World::limit_disk(Domain& domain, std::size_t disk, std::uint64_t bytes_per_second) {
  auto& limited = domain.disks[disk];
  if (limited.limit == bytes_per_second) return;
  limited.limit = bytes_per_second;
  limited.busy_until = now_;
  note("disk limit", index_of(domain), static_cast<std::int64_t>(bytes_per_second));
  if (disk == 0) wake_acking(index_of(domain));
}

bool World::is_slowed(const Domain& domain) {
  return std::any_of(domain.disks.begin(), domain.disks.end(),
                     [](const Disk& disk) { return disk.limit != disk.at_start; });
}

/// Writers wait until all that is dirty is written out, and so they would for a slowed disk.
void World::freeze(Domain& domain, Time until) {
  if (is_slowed(domain)) violate("stall", domain.ref.domain + " is frozen while its disks are slowed");
  domain.guest.frozen_until = until;
  domain.guest.lease_ended = false;
  schedule(until, EventKind::thaw, index_of(domain));
  excited_until_ = now_ + 1'000'000;
  note("frozen", index_of(domain), until);
  stir();
}

void World::thaw(Domain& domain, bool by_lease) {
  if (domain.guest.frozen_until == 0) return;
  domain.guest.frozen_until = 0;
  domain.guest.lease_ended = by_lease;
  note("thawed", index_of(domain), by_lease ? 1 : 0);
  wake_blocked(index_of(domain));
  stir();
}

void World::unmount(Domain& domain, const std::string& target) {
  for (auto& disk : domain.disks) {
    if (disk.target != target || !disk.mounted) continue;
    auto& files = tree(domain);
    const auto first = files.lower_bound(disk.mount + "/"), last = files.lower_bound(disk.mount + "0");
    auto& kept = layer(domain.ref.uri, disk.path)->tree;
    kept = Tree(first, last);
    files.erase(first, last);
    disk.mounted = false;
    note("unmounted", index_of(domain));
  }
  stir();
}

void World::mount(Domain& domain, const std::string& target) {
  for (auto& disk : domain.disks) {
    if (disk.target != target || disk.mounted || disk.mount.empty()) continue;
    auto& kept = layer(domain.ref.uri, disk.path)->tree;
    tree(domain).merge(kept);
    kept.clear();
    disk.mounted = true;
    note("mounted", index_of(domain));
  }
  stir_disks();
}

void World::see_through(const std::string& uri, const std::string& path) {
  auto* top = layer(uri, path);
  if (top->written) return;
  const auto* below = layer(uri, top->base);
  top->tree = below->tree;
  top->blocks = below->blocks;
  top->written = true;
}

bool World::has_data(const Domain& domain) const {
  return std::all_of(handed_mounts_.begin(), handed_mounts_.end(), [&](const auto& needed) {
    return needed.first != domain.role || std::any_of(domain.disks.begin(), domain.disks.end(), [&](const Disk& disk) {
             return disk.mounted && disk.mount == needed.second;
           });
  });
}

void World::set_stopped(Domain& domain, const std::string& unit, bool stopped) {
  if (stopped)
    domain.guest.stopped.insert(unit);
  else
    domain.guest.stopped.erase(unit);
  stir();
}

}  // namespace moult::sim
