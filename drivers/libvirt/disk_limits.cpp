#include "drivers/libvirt/disk_limits.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <vector>

#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/iotune.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr unsigned kLive = VIR_DOMAIN_AFFECT_LIVE;

/// libvirt's list of named values, with what it allocated for them.
class Parameters {
 public:
  Parameters() = default;
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;
  ~Parameters() { virTypedParamsFree(list_, count_); }

  bool add(const std::string& name, std::uint64_t value) {
    return virTypedParamsAddULLong(&list_, &count_, &room_, name.c_str(), value) == 0;
  }
  [[nodiscard]] virTypedParameterPtr list() const { return list_; }
  [[nodiscard]] int count() const { return count_; }

 private:
  virTypedParameterPtr list_ = nullptr;
  int count_ = 0, room_ = 0;
};

std::string what_of(virDomainPtr domain, const std::string& target) {
  return "limits of disk " + target + " of domain " + virDomainGetName(domain);
}

Result<Iotune> read_tune(virDomainPtr domain, const std::string& target) {
  const auto what = what_of(domain, target);
  int count = 0;
  if (virDomainGetBlockIoTune(domain, nullptr, nullptr, &count, kLive) < 0) return virt_fail(what, Effect::none);
  std::vector<virTypedParameter> list(static_cast<std::size_t>(count));
  if (virDomainGetBlockIoTune(domain, target.c_str(), list.data(), &count, kLive) < 0)
    return virt_fail(what, Effect::none);
  Iotune tune;
  for (const char* name : iotune_names()) {
    unsigned long long value = 0;
    if (virTypedParamsGetULLong(list.data(), count, name, &value) == 1 && value != 0) tune[name] = value;
  }
  virTypedParamsClear(list.data(), count);
  return tune;
}

Result<> change_tune(virDomainPtr domain, const std::string& target, const Iotune& wanted) {
  MOULT_ASSIGN(const Iotune now, read_tune(domain, target));
  const auto changes = iotune_changes(now, wanted);
  if (changes.empty()) return {};
  const auto what = "change the " + what_of(domain, target);
  Parameters parameters;
  for (const auto& [name, value] : changes)
    if (!parameters.add(name, value)) return virt_fail(what, Effect::none);
  if (virDomainSetBlockIoTune(domain, target.c_str(), parameters.list(), parameters.count(), kLive) == 0) return {};
  return virt_fail(what, Effect::changes);
}

Result<Description> live_description(virDomainPtr domain) {
  MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
  return read_description(xml);
}

Result<std::vector<std::string>> writable_disks(virDomainPtr domain) {
  MOULT_ASSIGN(const Description seen, live_description(domain));
  std::vector<std::string> targets;
  for (const auto& disk : seen.writable_disks())
    if (!disk.path.empty()) targets.push_back(disk.target);
  return targets;
}

Result<> must_run(virDomainPtr domain) {
  if (is_running(domain)) return {};
  return fail(Code::refused, std::string("domain ") + virDomainGetName(domain) + " is not running", "Start it.");
}

/// What such a disk may always be written with could not be promised.
Result<> must_have_own_limits(virDomainPtr domain) {
  MOULT_ASSIGN(const Description seen, live_description(domain));
  const auto together = seen.disks_of_one_limit();
  if (together.empty()) return {};
  return fail(Code::refused,
              std::string("domain ") + virDomainGetName(domain) + ": disks " + together + " are limited together",
              "Take them out of their group (`group_name` in their `iotune`), or leave --throttle away.");
}

/// A process that died may have come so far with some disks and not with others, so each one is looked at.
Result<> limit_disks(virDomainPtr domain, std::uint64_t bytes_per_second, const DiskIotunes& before) {
  MOULT_TRY(must_run(domain));
  for (const auto& [target, tune] : before)
    MOULT_TRY(change_tune(domain, target, with_writes_limited(tune, bytes_per_second)));
  return {};
}

/// Goes on past a disk that fails: the others are let go all the same.
Result<> restore_disks(virDomainPtr domain, const DiskIotunes& before) {
  if (!is_running(domain)) return {};
  MOULT_ASSIGN(const auto targets, writable_disks(domain));
  Result<> first;
  for (const auto& target : targets) {
    const auto kept = before.find(target);
    if (kept == before.end()) continue;
    auto restored = change_tune(domain, target, kept->second);
    if (!restored && first && is_running(domain)) first = std::move(restored);
  }
  return first;
}

}  // namespace

Result<std::string> DiskLimits::limits(const MachineRef& machine) {
  return hosts_.at(machine.uri)
      .on_domain<std::string>({"limits of the disks of domain " + machine.domain}, machine.domain,
                              [](virDomainPtr domain) -> Result<std::string> {
                                MOULT_TRY(must_run(domain));
                                MOULT_TRY(must_have_own_limits(domain));
                                MOULT_ASSIGN(const auto targets, writable_disks(domain));
                                DiskIotunes disks;
                                for (const auto& target : targets) {
                                  MOULT_ASSIGN(disks[target], read_tune(domain, target));
                                }
                                return iotunes_to_text(disks);
                              });
}

Result<> DiskLimits::limit(const MachineRef& machine, std::uint64_t bytes_per_second, const std::string& before) {
  if (bytes_per_second == 0) return fail(Code::invalid, "a disk limit of 0 bytes a second is none");
  MOULT_ASSIGN(const DiskIotunes disks, iotunes_of_text(before));
  return hosts_.at(machine.uri)
      .on_domain<void>({"limit the disks of domain " + machine.domain, Effect::changes}, machine.domain,
                       [=](virDomainPtr domain) { return limit_disks(domain, bytes_per_second, disks); });
}

Result<> DiskLimits::restore(const MachineRef& machine, const std::string& before) {
  MOULT_ASSIGN(const DiskIotunes disks, iotunes_of_text(before));
  auto restored =
      hosts_.at(machine.uri)
          .on_domain<void>({"put back the disk limits of domain " + machine.domain, Effect::changes}, machine.domain,
                           [disks](virDomainPtr domain) { return restore_disks(domain, disks); });
  if (!restored && restored.error().code == Code::not_found) return {};
  return restored;
}

Result<std::map<std::string, std::uint64_t>> DiskLimits::written(const MachineRef& machine) {
  using Written = std::map<std::string, std::uint64_t>;
  return hosts_.at(machine.uri)
      .on_domain<Written>({"what domain " + machine.domain + " writes"}, machine.domain,
                          [](virDomainPtr domain) -> Result<Written> {
                            MOULT_TRY(must_run(domain));
                            MOULT_ASSIGN(const auto targets, writable_disks(domain));
                            Written written;
                            for (const auto& target : targets) {
                              virDomainBlockStatsStruct stats{};
                              if (virDomainBlockStats(domain, target.c_str(), &stats, sizeof stats) < 0)
                                return virt_fail("what disk " + target + " was given", Effect::none);
                              written[target] = static_cast<std::uint64_t>(std::max(stats.wr_bytes, 0LL));
                            }
                            return written;
                          });
}

}  // namespace moult::virt
