#include "drivers/libvirt/networks.hpp"

#include <libvirt/libvirt.h>
#include <unistd.h>

#include <functional>
#include <pugixml.hpp>

#include "drivers/libvirt/bridge_hardening.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/nic_moves.hpp"
#include "drivers/libvirt/overlay_store.hpp"
#include "drivers/libvirt/seal.hpp"
#include "drivers/libvirt/text.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr Millis kNetworkDeadline{30000};
constexpr Millis kMoveDeadline{10000};

Result<NetworkHandle> find_network(virConnectPtr connection, const std::string& name) {
  NetworkHandle network(virNetworkLookupByName(connection, name.c_str()));
  if (!network && !last_error_is_absence()) return virt_fail("look up network " + name, Effect::none);
  return network;
}

Result<> define_and_start(virConnectPtr connection, const std::string& name, const std::string& bridge, bool open) {
  const NetworkHandle network(virNetworkDefineXML(connection, network_xml(name, bridge, open).c_str()));
  if (!network) return virt_fail("define network " + name, Effect::changes);
  if (virNetworkIsActive(network.get()) == 1 || virNetworkCreate(network.get()) == 0) return {};
  Error error = last_error("start network " + name, Effect::changes);
  virNetworkUndefine(network.get());
  return Unexpected(std::move(error));
}

// Isolated networks also get rules in the host's packet filter. A host without that tool has `open` ones, which need
// none.
Result<> ensure_network(virConnectPtr connection, const std::string& name, const std::string& bridge) {
  MOULT_ASSIGN(const NetworkHandle existing, find_network(connection, name));
  if (existing) {
    if (virNetworkIsActive(existing.get()) == 1 || virNetworkCreate(existing.get()) == 0) return {};
    return virt_fail("start network " + name, Effect::changes);
  }
  auto isolated = define_and_start(connection, name, bridge, false);
  if (isolated || isolated.error().disposition == Disposition::ambiguous) return isolated;
  const auto open = define_and_start(connection, name, bridge, true);
  return open ? open : isolated;
}

Result<> drop_network(virConnectPtr connection, const std::string& name) {
  MOULT_ASSIGN(const NetworkHandle network, find_network(connection, name));
  if (!network) return {};
  if (virNetworkIsActive(network.get()) == 1 && virNetworkDestroy(network.get()) < 0)
    return virt_fail("stop network " + name, Effect::changes);
  if (virNetworkIsPersistent(network.get()) == 1 && virNetworkUndefine(network.get()) < 0)
    return virt_fail("undefine network " + name, Effect::changes);
  return {};
}

Result<std::string> persistent_xml_of(virConnectPtr connection, const std::string& domain) {
  MOULT_ASSIGN(const DomainHandle found, find_domain(connection, domain));
  return domain_xml(found.get(), Which::persistent);
}

Result<> update_nics(virDomainPtr domain, const std::vector<NicMove>& moves) {
  for (const auto& move : moves)
    if (virDomainUpdateDeviceFlags(domain, move.xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
      return virt_fail("move NIC " + move.mac + " of domain " + virDomainGetName(domain), Effect::changes);
  return {};
}

Result<std::vector<NicMove>> plan_moves(virConnectPtr connection, const std::string& run, const std::string& live_xml,
                                        const std::string& original, Side to) {
  if (to == Side::isolated) return moves_to_bridge(live_xml, bridge_name(run, Place::isolated));
  if (to == Side::sealed) return moves_to_bridge(live_xml, bridge_name(run, Place::sealed));
  if (to != Side::production) return fail(Code::internal, "a machine cannot be moved to a mixed side");
  MOULT_ASSIGN(const std::string persistent, persistent_xml_of(connection, original));
  MOULT_ASSIGN(const std::string production, unsealed_description(persistent));
  return moves_to_production(live_xml, production);
}

/// A description is replaced whole, so it is either the one of before or the new one.
Result<> redefine(virConnectPtr connection, const std::string& domain,
                  const std::function<Result<std::string>(const std::string&)>& change) {
  MOULT_ASSIGN(const std::string before, persistent_xml_of(connection, domain));
  MOULT_ASSIGN(const std::string after, change(before));
  if (after == before) return {};
  const DomainHandle defined(virDomainDefineXML(connection, after.c_str()));
  return defined ? Result<>{} : virt_fail("change the description of domain " + domain, Effect::changes);
}

}  // namespace

std::string network_xml(const std::string& name, const std::string& bridge, bool open) {
  pugi::xml_document document;
  auto network = document.append_child("network");
  network.append_child("name").text().set(name.c_str());
  if (open) network.append_child("forward").append_attribute("mode") = "open";
  auto element = network.append_child("bridge");
  element.append_attribute("name") = bridge.c_str();
  element.append_attribute("stp") = "off";
  element.append_attribute("delay") = "0";
  return xml_text(document);
}

Result<> Networks::create(const std::string& run, const std::string& uri) {
  MOULT_TRY(check_run_id(run));
  for (const auto place : {Place::isolated, Place::sealed}) {
    const auto name = network_name(run, place);
    const auto bridge = bridge_name(run, place);
    MOULT_TRY(
        hosts_.at(uri).call<void>({"create network " + name, Effect::changes, kNetworkDeadline},
                                  [=](virConnectPtr connection) { return ensure_network(connection, name, bridge); }));
    // A user who may manage machines only, and a remote host, rely on the host's own reverse path filter.
    if (is_local(uri) && ::geteuid() == 0) MOULT_TRY(harden_bridge(bridge));
  }
  return {};
}

Result<> Networks::remove(const std::string& run, const std::string& uri) {
  for (const auto place : {Place::isolated, Place::sealed}) {
    const auto name = network_name(run, place);
    MOULT_TRY(hosts_.at(uri).call<void>({"remove network " + name, Effect::changes, kNetworkDeadline},
                                        [name](virConnectPtr connection) { return drop_network(connection, name); }));
  }
  return {};
}

Result<> Networks::move(const std::string& run, const MachineRef& original, const MachineRef& machine, Side to) {
  const CallSpec spec{"move domain " + machine.domain + " to " + name_of(to), Effect::changes, kMoveDeadline};
  auto moved = hosts_.at(machine.uri).call<void>(spec, [=, what = spec.what](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const DomainHandle domain, find_domain(connection, machine.domain));
    MOULT_ASSIGN(const std::string live, domain_xml(domain.get(), Which::live));
    MOULT_ASSIGN(const std::vector<NicMove> moves, plan_moves(connection, run, live, original.domain, to));
    if (moves.empty()) return {};
    if (!is_running(domain.get()))
      return fail(Code::refused, what + ": it is not running, and its persistent description stays as it is");
    return update_nics(domain.get(), moves);
  });
  if (!moved) moved.error().within("machine " + machine.name);
  return moved;
}

Result<Side> Networks::where(const std::string& run, const MachineRef& machine) {
  return hosts_.at(machine.uri)
      .on_domain<Side>({"NICs of domain " + machine.domain}, machine.domain,
                       [run](virDomainPtr domain) -> Result<Side> {
                         MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
                         return side_of(xml, bridge_name(run, Place::isolated), bridge_name(run, Place::sealed));
                       });
}

Result<> Networks::keep_sealed(const std::string& run, const MachineRef& original) {
  const CallSpec spec{"keep domain " + original.domain + " sealed", Effect::changes, kMoveDeadline};
  return hosts_.at(original.uri).call<void>(spec, [=](virConnectPtr connection) {
    return redefine(connection, original.domain, [&run](const std::string& xml) {
      return sealed_description(xml, bridge_name(run, Place::sealed));
    });
  });
}

Result<> Networks::lift_seal(const MachineRef& original) {
  const CallSpec spec{"lift the seal of domain " + original.domain, Effect::changes, kMoveDeadline};
  auto lifted = hosts_.at(original.uri).call<void>(spec, [=](virConnectPtr connection) {
    return redefine(connection, original.domain, unsealed_description);
  });
  if (!lifted && lifted.error().code == Code::not_found) return {};
  return lifted;
}

}  // namespace moult::virt
