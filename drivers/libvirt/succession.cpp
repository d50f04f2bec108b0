#include <libvirt/libvirt.h>

#include "drivers/libvirt/clone_description.hpp"
#include "drivers/libvirt/cloner_domains.hpp"
#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/handover_description.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/seal.hpp"
#include "drivers/libvirt/text.hpp"

// The order of a hand-over is chosen for the moment at which the host dies: the successor's description and autostart
// are in place before the original's are gone, and name images that are whole at that time.
namespace moult::virt {
namespace {

constexpr Millis kDeadline{30000};

struct Pair {
  DomainHandle clone, original;  ///< either may be empty
};

// The original is what bears its name and is not the run's clone: after the hand-over the clone is found under both
// names.
Result<Pair> find_pair(virConnectPtr connection, const std::string& run, const std::string& original) {
  Pair pair;
  pair.clone.reset(virDomainLookupByName(connection, clone_domain(run, original).c_str()));
  if (!pair.clone && !last_error_is_absence())
    return virt_fail("look up the clone of domain " + original, Effect::none);
  auto named = find_domain(connection, original);
  if (!named && named.error().code != Code::not_found) return Unexpected(named.error());
  if (!named) return pair;
  const auto mark = read_mark(named->get());
  if (mark && mark->run == run) {
    pair.clone = std::move(*named);
  } else {
    pair.original = std::move(*named);
  }
  return pair;
}

Result<SuccessorIdentity> identity_of(virDomainPtr clone, const std::string& run, const std::string& original) {
  MOULT_ASSIGN(const std::string xml, domain_xml(clone, Which::live));
  MOULT_ASSIGN(const Description seen, read_description(xml));
  SuccessorIdentity identity{seen.name, seen.uuid, {run, original, true}, {}, seen.nvram};
  for (const auto& disk : seen.writable_disks()) identity.images[disk.target] = {disk.path, disk.format};
  return identity;
}

Result<> take_autostart(virDomainPtr from, virDomainPtr to) {
  int on = 0;
  if (virDomainGetAutostart(from, &on) < 0) return virt_fail("read the original's autostart", Effect::none);
  if (on != 0 && virDomainSetAutostart(to, 1) < 0) return virt_fail("set the successor's autostart", Effect::changes);
  if (on != 0) virDomainSetAutostart(from, 0);  // until it is undefined, a moment later, only one of them may start
  return {};
}

Result<> mark_live(virDomainPtr clone, const CloneMark& mark) {
  const unsigned scope = is_running(clone) ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG;
  const auto element = mark_element(mark);
  if (virDomainSetMetadata(clone, VIR_DOMAIN_METADATA_ELEMENT, element.c_str(), kMarkPrefix, kMarkUri, scope) == 0)
    return {};
  return virt_fail("mark the successor", Effect::changes);
}

// What belongs to the original alone goes with it; its disks are the successor's now.
Result<> undefine(virDomainPtr original) {
  const unsigned flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                         VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_TPM;
  if (virDomainUndefineFlags(original, flags) == 0) return {};
  return virt_fail("undefine the original", Effect::changes);
}

Result<> hand_over_now(virConnectPtr connection, const std::string& run, const std::string& original) {
  MOULT_ASSIGN(const Pair pair, find_pair(connection, run, original));
  if (!pair.original) return {};
  if (!pair.clone) return fail(Code::not_found, "there is no clone to take over from domain " + original);
  MOULT_ASSIGN(const std::string sealed, domain_xml(pair.original.get(), Which::persistent));
  MOULT_ASSIGN(const std::string lacking, unsealed_description(sealed));
  MOULT_ASSIGN(const std::string persistent, without_handover(lacking));
  MOULT_ASSIGN(const SuccessorIdentity identity, identity_of(pair.clone.get(), run, original));
  MOULT_ASSIGN(const std::string successor, successor_description(persistent, identity));
  const DomainHandle defined(virDomainDefineXML(connection, successor.c_str()));
  if (!defined) return virt_fail("define the successor of domain " + original, Effect::changes);
  MOULT_TRY(take_autostart(pair.original.get(), pair.clone.get()));
  MOULT_TRY(mark_live(pair.clone.get(), identity.mark));
  return undefine(pair.original.get());
}

}  // namespace

Result<Succession> read_succession(Host& host, const std::string& run, const std::string& original) {
  return host.call<Succession>(
      {"look for domain " + original + " and its clone"}, [=](virConnectPtr connection) -> Result<Succession> {
        MOULT_ASSIGN(const Pair pair, find_pair(connection, run, original));
        return Succession{pair.clone ? virDomainGetName(pair.clone.get()) : "", static_cast<bool>(pair.original)};
      });
}

Result<> hand_over(Host& host, const std::string& run, const std::string& original) {
  const CallSpec spec{"hand domain " + original + " over to its clone", Effect::changes, kDeadline};
  return host.call<void>(spec, [=](virConnectPtr connection) { return hand_over_now(connection, run, original); });
}

Result<> take_over_name(Host& host, const std::string& domain) {
  const CallSpec spec{"rename domain " + domain, Effect::changes, kDeadline};
  auto renamed = host.on_domain<void>(spec, domain, [what = spec.what](virDomainPtr found) -> Result<> {
    const auto mark = read_mark(found);
    if (is_running(found) || !mark || !mark->serves) return {};
    if (mark->original != virDomainGetName(found) && virDomainRename(found, mark->original.c_str(), 0) < 0)
      return virt_fail(what, Effect::changes);
    return {};
  });
  if (!renamed && renamed.error().code == Code::not_found) return {};  // a transient domain is gone once it is off
  return renamed;
}

}  // namespace moult::virt
