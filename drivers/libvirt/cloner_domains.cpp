#include "drivers/libvirt/cloner_domains.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>

#include "drivers/libvirt/clone_mark.hpp"
#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/handover_description.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kDefineDeadline{30000};
constexpr Millis kStartDeadline{60000};
constexpr Millis kDestroyDeadline{30000};

Result<> power_off(virDomainPtr domain) {
  if (!is_running(domain) || virDomainDestroy(domain) == 0 || !is_running(domain)) return {};
  return virt_fail(std::string("power off domain ") + virDomainGetName(domain), Effect::changes);
}

bool is_of_run(virDomainPtr domain, const std::string& run) {
  const auto mark = read_mark(domain);
  return mark && mark->run == run;
}

Result<> check_of_run(virDomainPtr domain, const std::string& run) {
  if (is_of_run(domain, run)) return {};
  return fail(Code::refused,
              std::string("domain ") + virDomainGetName(domain) + " has the name of this run's clone and is not it",
              "rename that domain");
}

// By this very name, without looking for a successor. Empty: there is none.
Result<DomainHandle> find_exactly(virConnectPtr connection, const std::string& name) {
  DomainHandle domain(virDomainLookupByName(connection, name.c_str()));
  if (!domain && !last_error_is_absence()) return virt_fail("look up domain " + name, Effect::none);
  return domain;
}

}  // namespace

Result<DiskSize> disk_size(Host& host, const std::string& domain, const std::string& target) {
  const std::string what = "size of disk " + target + " of domain " + domain;
  return host.on_domain<DiskSize>({what}, domain, [what, target](virDomainPtr found) -> Result<DiskSize> {
    virDomainBlockInfo info{};
    if (virDomainGetBlockInfo(found, target.c_str(), &info, 0) < 0) return virt_fail(what, Effect::none);
    return DiskSize{info.capacity, info.allocation > 0 ? info.allocation : info.physical};
  });
}

Result<Presence> find_clone(Host& host, const std::string& run, const std::string& original) {
  const auto name = clone_domain(run, original);
  return host.call<Presence>({"look for clone " + name}, [=](virConnectPtr connection) -> Result<Presence> {
    MOULT_ASSIGN(const DomainHandle domain, find_exactly(connection, name));
    if (!domain) return Presence::absent;
    MOULT_TRY(check_of_run(domain.get(), run));
    return is_running(domain.get()) ? Presence::present : Presence::partial;
  });
}

Result<> define_domain(Host& host, const std::string& name, const std::string& xml) {
  const std::string what = "define domain " + name;
  return host.call<void>({what, Effect::changes, kDefineDeadline}, [=](virConnectPtr connection) -> Result<> {
    const DomainHandle defined(virDomainDefineXML(connection, xml.c_str()));
    if (!defined) return virt_fail(what, Effect::changes);
    return {};
  });
}

Result<> start_domain(Host& host, const std::string& name) {
  const std::string what = "start domain " + name;
  return host.on_domain<void>({what, Effect::changes, kStartDeadline}, name, [what](virDomainPtr domain) -> Result<> {
    if (!is_running(domain) && virDomainCreate(domain) < 0) return virt_fail(what, Effect::changes);
    return {};
  });
}

Result<> power_off_domain(Host& host, const std::string& name) {
  return host.on_domain<void>({"power off domain " + name, Effect::changes, kDestroyDeadline}, name, power_off);
}

Result<> discard_domain(Host& host, const std::string& run, const std::string& clone) {
  const std::string what = "discard domain " + clone;
  return host.call<void>({what, Effect::changes, kDestroyDeadline}, [=](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const DomainHandle domain, find_exactly(connection, clone));
    if (!domain) return {};
    MOULT_TRY(check_of_run(domain.get(), run));
    MOULT_TRY(power_off(domain.get()));
    const unsigned flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                           VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM |
                           VIR_DOMAIN_UNDEFINE_TPM;
    if (virDomainUndefineFlags(domain.get(), flags) < 0) return virt_fail(what, Effect::changes);
    return {};
  });
}

Result<> end_handover(Host& host, const std::string& domain) {
  const std::string what = "end the hand-over of disks of domain " + domain;
  return host.call<void>({what, Effect::changes, kDefineDeadline}, [=](virConnectPtr connection) -> Result<> {
    MOULT_ASSIGN(const DomainHandle found, find_domain(connection, domain));
    MOULT_ASSIGN(const std::string before, domain_xml(found.get(), Which::persistent));
    MOULT_ASSIGN(const std::string live, domain_xml(found.get(), Which::live));
    MOULT_ASSIGN(const std::string lacking, lacking_disk(before, live));
    if (!lacking.empty())
      return fail(Code::refused, "domain " + domain + " does not have its disk " + lacking, "give it back first");
    MOULT_ASSIGN(const std::string after, without_handover(before));
    if (after == before) return {};
    const DomainHandle defined(virDomainDefineXML(connection, after.c_str()));
    return defined ? Result<>{} : virt_fail(what, Effect::changes);
  });
}

Result<> ensure_unused(Host& host, const std::string& domain, const std::set<std::string>& files) {
  return host.on_domain<void>({"look at the disks of domain " + domain}, domain, [=](virDomainPtr found) -> Result<> {
    for (const auto which : {Which::live, Which::persistent}) {
      MOULT_ASSIGN(const std::string xml, domain_xml(found, which));
      MOULT_ASSIGN(const Description seen, read_description(xml));
      for (const auto& disk : seen.disks)
        for (const auto& layer : disk.chain)
          if (files.contains(layer))
            return fail(Code::failed, "disk " + disk.target + " of domain " + domain + " still uses " + layer);
    }
    return {};
  });
}

}  // namespace moult::virt
