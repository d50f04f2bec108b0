#include <cstdio>

#include "drivers/sim/level_choice.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {
namespace {

constexpr std::uint64_t kDiskBytes = 4ULL << 30U, kAllocated = 600ULL << 20U;
constexpr const char* kProduction = "br-production";

std::string hex(const char* format, unsigned a, unsigned b) {
  char text[64];
  std::snprintf(text, sizeof text, format, a, b);
  return text;
}

Disk make_disk(Host& host, const std::string& domain, unsigned number, std::uint64_t limit) {
  Disk disk;
  disk.at_start = disk.limit = limit;
  disk.target = std::string("vd") + static_cast<char>('a' + number);
  disk.path = "/sim/images/" + domain + "-" + disk.target + ".qcow2";
  Layer base;
  base.virtual_bytes = kDiskBytes;
  base.allocated_bytes = kAllocated;
  host.layers.emplace(disk.path, std::move(base));
  return disk;
}

}  // namespace

World::World(const SimOptions& options)
    : options_(options),
      vendor_(std::make_shared<Vendor>(with_installed(options.maintenance, options.appliance))),
      rng_(options.seed),
      faults_(options.faults, options.seed ^ 0x5eedf00dULL),
      trace_(options.keep_trace) {
  for (const auto& machine : options_.appliance.machines) build_machine(machine, roles_++);
  serving_.assign(static_cast<std::size_t>(roles_), -1);
  build_components();
  gate_.can_hold = options_.appliance.entry.kind != EntryKind::none;
  clients_.resize(roles_ == 0 ? 0 : options_.clients);
  for (std::size_t i = 0; i < clients_.size(); ++i) wake_client(static_cast<int>(i), think_time());
  settle();
}

void World::build_machine(const MachineEntry& entry, int role) {
  Domain domain;
  domain.ref = {entry.name, options_.appliance.uri_of(entry), entry.domain};
  domain.role = role;
  const auto number = static_cast<unsigned>(role);
  domain.uuid = hex("51300000-0000-4000-8000-%08x%04x", number, 0);
  auto& host = hosts_[domain.ref.uri];
  host.free_bytes = options_.free_bytes;
  for (unsigned i = 0; i < std::max(options_.disks, 1U); ++i)
    domain.disks.push_back(make_disk(host, entry.domain, i, options_.disk_limit));
  for (unsigned i = 0; i < std::max(options_.nics, 1U); ++i)
    domain.nics.push_back({hex("52:54:00:51:%02x:%02x", number, i), kProduction, kProduction, kProduction});
  domain.state = PowerState::running;
  domain.guest.booted = true;
  domain.guest.epoch = 1;
  auto& files = host.layers[domain.disks.front().path].tree;
  files["/etc/hostname"] = {FileNode::Kind::file, 0644, 0, ++stamp_, entry.name + "\n"};
  files["/etc/os-release"] = {FileNode::Kind::file, 0644, 0, ++stamp_, "ID=debian\nVERSION_ID=\"12\"\n"};
  add(std::move(domain));
}

void World::build_components() {
  bool has_data = false;
  for (const auto& component : vendor_->descriptor().components) {
    for (const auto& slot : domains_) {
      if (slot->ref.name != component.machine) continue;
      const auto given = options_.levels.find(component.name);
      const auto level = given != options_.levels.end() ? given->second : level_before(component.level);
      if (!level.empty()) tree(*slot)[level_path(component)] = {FileNode::Kind::file, 0644, 0, ++stamp_, level + "\n"};
      for (const auto& data : component.data) {
        if (data.root.empty()) continue;
        if (data.kind == DataKind::handover) build_disk(*slot, data);
        build_data(*slot, data);
        if (std::exchange(has_data, true)) continue;
        data_root_ = data.root;
        data_role_ = slot->role;
        if (data.migrate.empty()) continue;
        data_level_path_ = level_path(component);
        data_level_ = component.level.to + "\n";
      }
    }
  }
}

/// The disk that a set names, with what comes before it.
void World::build_disk(Domain& domain, const DataSpec& data) {
  auto& host = hosts_[domain.ref.uri];
  while (domain.disks.back().target < data.handover.disk && domain.disks.size() < 26)
    domain.disks.push_back(
        make_disk(host, domain.ref.domain, static_cast<unsigned>(domain.disks.size()), options_.disk_limit));
  for (auto& disk : domain.disks) {
    if (disk.target != data.handover.disk) continue;
    disk.mount = data.root;
    disk.mounted = true;
    handed_mounts_.emplace_back(domain.role, data.root);
  }
}

void World::build_data(Domain& domain, const DataSpec& data) {
  for (unsigned i = 0; i < options_.files_per_set; ++i)
    tree(domain)[data.root + "/first-" + std::to_string(i)] = {FileNode::Kind::file, 0640, 0, ++stamp_,
                                                               data.name + " " + std::to_string(rng_.next()) + "\n"};
}

}  // namespace moult::sim
