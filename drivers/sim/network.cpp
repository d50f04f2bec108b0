#include "drivers/sim/network.hpp"

#include "drivers/sim/lifecycle.hpp"

namespace moult::sim {
namespace {

Side side_of(const std::string& run, const Nic& nic) {
  if (nic.source == nic.production) return Side::production;
  if (nic.source == isolated_network(run)) return Side::isolated;
  if (nic.source == sealed_network(run)) return Side::sealed;
  return Side::mixed;  // some network that is none of the run's
}

bool in_use(const World& world, const std::string& uri, const std::string& network) {
  for (const auto& domain : world.domains()) {
    if (!domain || domain->ref.uri != uri) continue;
    for (const auto& nic : domain->nics)
      if (nic.source == network) return true;
  }
  return false;
}

}  // namespace

Result<> SimNetwork::create(const std::string& run, const std::string& uri) {
  return world_.call(CallId::create_networks, nullptr, [&]() -> Result<> {
    MOULT_TRY(check_host(world_, uri));
    world_.host(uri).networks.insert(isolated_network(run));
    MOULT_TRY(world_.part());
    world_.host(uri).networks.insert(sealed_network(run));
    return {};
  });
}

Result<> SimNetwork::remove(const std::string& run, const std::string& uri) {
  return world_.call(CallId::remove_networks, nullptr, [&]() -> Result<> {
    MOULT_TRY(check_host(world_, uri));
    for (const auto& network : {isolated_network(run), sealed_network(run)}) {
      if (in_use(world_, uri, network))
        return fail(Code::refused, "network " + network + " still has machines", "Discard the clones first.");
      world_.host(uri).networks.erase(network);
      MOULT_TRY(world_.part());
    }
    return {};
  });
}

Result<> SimNetwork::move(const std::string& run, const MachineRef&, const MachineRef& machine, Side to) {
  return world_.call(CallId::move, &machine, [&]() -> Result<> {
    Domain* domain = world_.find(machine);
    if (domain == nullptr) return no_domain(machine);
    if (to == Side::mixed) return fail(Code::internal, "no machine can be moved to a mixed side");
    const auto network = to == Side::sealed ? sealed_network(run) : isolated_network(run);
    if (to != Side::production && world_.host(machine.uri).networks.count(network) == 0)
      return fail(Code::not_found, "there is no network " + network + " on " + machine.uri);
    for (std::size_t i = 0; i < domain->nics.size(); ++i) {
      if (i != 0) MOULT_TRY(world_.part());
      world_.put_on(*domain, i, to == Side::production ? domain->nics[i].production : network);
    }
    return {};
  });
}

Result<Side> SimNetwork::where(const std::string& run, const MachineRef& machine) {
  return world_.call(CallId::where_machine, &machine, [&]() -> Result<Side> {
    const Domain* domain = world_.find(machine);
    if (domain == nullptr) return no_domain(machine);
    if (domain->nics.empty()) return fail(Code::not_found, machine.domain + " has no NIC");
    const Side side = side_of(run, domain->nics.front());
    for (const auto& nic : domain->nics)
      if (side_of(run, nic) != side) return Side::mixed;
    return side;
  });
}

Result<> SimNetwork::keep_sealed(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::keep_sealed, &original, [&]() -> Result<> {
    Domain* domain = world_.find(original);
    if (domain == nullptr) return no_domain(original);
    for (auto& nic : domain->nics) nic.at_start = sealed_network(run);
    return {};
  });
}

Result<> SimNetwork::lift_seal(const MachineRef& original) {
  return world_.call(CallId::lift_seal, &original, [&]() -> Result<> {
    Domain* domain = world_.find(original);
    if (domain == nullptr) return {};
    for (auto& nic : domain->nics) nic.at_start = nic.production;
    return {};
  });
}

}  // namespace moult::sim
