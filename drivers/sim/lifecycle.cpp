#include "drivers/sim/lifecycle.hpp"

namespace moult::sim {
namespace {

DiskFacts facts_of_disk(World& world, const std::string& uri, const Disk& disk) {
  DiskFacts facts{disk.target, disk.path, "qcow2", false, {}, 0, 0};
  for (std::string path = disk.path; !path.empty();) {
    const Layer* layer = world.layer(uri, path);
    if (layer == nullptr) break;
    if (facts.chain.empty()) {
      facts.format = layer->format;
      facts.virtual_bytes = layer->virtual_bytes;
      facts.allocated_bytes = layer->allocated_bytes;
    }
    facts.chain.push_back(path);
    path = layer->base;
  }
  return facts;
}

MachineFacts facts_of_domain(World& world, const Domain& domain) {
  MachineFacts facts;
  facts.state = domain.state;
  facts.uuid = domain.uuid;
  facts.persistent = domain.persistent;
  facts.autostart = domain.autostart;
  facts.has_agent = domain.has_agent;
  facts.memory_kib = domain.memory_kib;
  for (const auto& disk : domain.disks) facts.disks.push_back(facts_of_disk(world, domain.ref.uri, disk));
  for (const auto& nic : domain.nics) facts.nics.push_back({nic.mac, nic.source, "bridge", true});
  return facts;
}

/// A start follows the persistent description, whatever the machine's NICs were on when it ended.
Result<> plug_in(World& world, Domain& domain) {
  const auto& networks = world.host(domain.ref.uri).networks;
  for (std::size_t i = 0; i < domain.nics.size(); ++i) {
    const auto& place = domain.nics[i].at_start;
    if (place != domain.nics[i].production && networks.count(place) == 0)
      return fail(Code::failed, domain.ref.domain + " does not start: there is no network " + place);
    world.put_on(domain, i, place);
  }
  return {};
}

}  // namespace

Unexpected no_domain(const MachineRef& machine) {
  return fail(Code::not_found, "there is no domain " + machine.domain + " on " + machine.uri,
              "Compare the appliance descriptor with the host's domains.");
}

Result<> check_host(const World& world, const std::string& uri) {
  if (world.knows_host(uri)) return {};
  return fail(Code::unreachable, "host " + uri + " does not answer", "Check the host's URI and that it is up.");
}

Result<MachineFacts> SimLifecycle::inspect(const MachineRef& machine) {
  return world_.call(CallId::inspect, &machine, [&]() -> Result<MachineFacts> {
    MOULT_TRY(check_host(world_, machine.uri));
    const Domain* domain = world_.find(machine);
    return domain == nullptr ? MachineFacts{} : facts_of_domain(world_, *domain);
  });
}

Result<> SimLifecycle::start(const MachineRef& machine) {
  return world_.call(CallId::start, &machine, [&]() -> Result<> {
    Domain* domain = world_.find(machine);
    if (domain == nullptr) return no_domain(machine);
    if (domain->state == PowerState::paused) {
      domain->state = PowerState::running;
      return {};
    }
    if (domain->state != PowerState::running) MOULT_TRY(plug_in(world_, *domain));
    world_.power_on(*domain);
    return {};
  });
}

Result<> SimLifecycle::stop(const MachineRef& machine, Millis) {
  return world_.call(CallId::stop, &machine, [&]() -> Result<> {
    Domain* domain = world_.find(machine);
    if (domain == nullptr) return no_domain(machine);
    if (domain->state != PowerState::off) world_.power_off(*domain);
    return {};
  });
}

Result<> SimLifecycle::reboot(const MachineRef& machine) {
  return world_.call(CallId::reboot, &machine, [&]() -> Result<> {
    Domain* domain = world_.find(machine);
    if (domain == nullptr) return no_domain(machine);
    if (domain->state != PowerState::running) return fail(Code::failed, machine.domain + " does not run");
    world_.power_off(*domain);
    world_.power_on(*domain);
    return {};
  });
}

Result<> SimLifecycle::set_autostart(const MachineRef& machine, bool on) {
  return world_.call(CallId::set_autostart, &machine, [&]() -> Result<> {
    Domain* domain = world_.find(machine);
    if (domain == nullptr) return no_domain(machine);
    domain->autostart = on;
    return {};
  });
}

}  // namespace moult::sim
