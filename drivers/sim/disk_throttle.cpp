#include "drivers/sim/disk_throttle.hpp"

#include <sstream>

#include "drivers/sim/lifecycle.hpp"

namespace moult::sim {
namespace {

using Limits = std::map<std::string, std::uint64_t>;  ///< bytes a second by disk; 0: none

std::string text_of(const Domain& domain) {
  std::string text;
  for (const auto& disk : domain.disks) text += disk.target + " " + std::to_string(disk.limit) + "\n";
  return text;
}

Result<Limits> limits_of(const std::string& text) {
  Limits limits;
  std::istringstream in(text);
  std::string target;
  std::uint64_t limit = 0;
  while (in >> target >> limit) limits[target] = limit;
  if (!in.eof() || limits.empty()) return fail(Code::invalid, "limits of disks that are none: " + text);
  return limits;
}

}  // namespace

Result<Domain*> SimDiskThrottle::running(const MachineRef& machine) {
  Domain* domain = world_.find(machine);
  if (domain == nullptr) return no_domain(machine);
  if (domain->state == PowerState::running) return domain;
  return fail(Code::refused, "domain " + machine.domain + " is not running", "Start it.");
}

Result<std::string> SimDiskThrottle::limits(const MachineRef& machine) {
  return world_.call(CallId::disk_limits, &machine, [&]() -> Result<std::string> {
    MOULT_ASSIGN(const Domain* domain, running(machine));
    return text_of(*domain);
  });
}

Result<> SimDiskThrottle::limit(const MachineRef& machine, std::uint64_t bytes_per_second, const std::string& before) {
  return world_.call(CallId::limit_disks, &machine, [&]() -> Result<> {
    MOULT_ASSIGN(const auto known, limits_of(before));
    if (bytes_per_second == 0) return fail(Code::invalid, "a disk limit of 0 bytes a second is none");
    MOULT_ASSIGN(Domain * domain, running(machine));
    for (std::size_t i = 0; i < domain->disks.size(); ++i) {
      const auto kept = known.find(domain->disks[i].target);
      if (kept == known.end()) continue;
      const bool stricter = kept->second != 0 && kept->second <= bytes_per_second;
      world_.limit_disk(*domain, i, stricter ? kept->second : bytes_per_second);
      MOULT_TRY(world_.part());
    }
    return {};
  });
}

Result<> SimDiskThrottle::restore(const MachineRef& machine, const std::string& before) {
  return world_.call(CallId::restore_limits, &machine, [&]() -> Result<> {
    MOULT_ASSIGN(const auto known, limits_of(before));
    Domain* domain = world_.find(machine);
    if (domain == nullptr) return {};
    for (std::size_t i = 0; i < domain->disks.size(); ++i) {
      const auto kept = known.find(domain->disks[i].target);
      if (kept != known.end()) world_.limit_disk(*domain, i, kept->second);
      MOULT_TRY(world_.part());
    }
    return {};
  });
}

Result<std::map<std::string, std::uint64_t>> SimDiskThrottle::written(const MachineRef& machine) {
  return world_.call(CallId::disk_writes, &machine, [&]() -> Result<std::map<std::string, std::uint64_t>> {
    MOULT_ASSIGN(const Domain* domain, running(machine));
    std::map<std::string, std::uint64_t> written;
    for (const auto& disk : domain->disks) written[disk.target] = disk.written;
    return written;
  });
}

}  // namespace moult::sim
