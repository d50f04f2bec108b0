#include "drivers/libvirt/iotune.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace moult::virt {
namespace {

constexpr const char* kTotal = VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC;
constexpr const char* kRead = VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC;
constexpr const char* kWrite = VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC;
constexpr const char* kTotalMax = VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX;
constexpr const char* kReadMax = VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX;
constexpr const char* kWriteMax = VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX;
constexpr const char* kTotalLength = VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX_LENGTH;
constexpr const char* kReadLength = VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX_LENGTH;
constexpr const char* kWriteLength = VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX_LENGTH;

constexpr std::array kNames{kTotal,    kRead,        kWrite,      kTotalMax,   kReadMax,
                            kWriteMax, kTotalLength, kReadLength, kWriteLength};
constexpr std::size_t kFamily = 3;

std::uint64_t value_of(const Iotune& tune, const char* name) {
  const auto found = tune.find(name);
  return found == tune.end() ? 0 : found->second;
}

}  // namespace

std::span<const char* const> iotune_names() { return kNames; }

Iotune with_writes_limited(const Iotune& before, std::uint64_t bytes_per_second) {
  const auto total = value_of(before, kTotal);
  const auto own = total != 0 ? total : value_of(before, kWrite);
  if (own != 0 && own <= bytes_per_second) return before;
  auto limited = before;
  limited[kWrite] = bytes_per_second;
  if (total != 0) limited[kRead] = total - bytes_per_second;
  for (const char* name : {kTotal, kTotalMax, kTotalLength, kWriteMax, kWriteLength}) limited.erase(name);
  return limited;
}

std::vector<std::pair<std::string, std::uint64_t>> iotune_changes(const Iotune& now, const Iotune& wanted) {
  std::vector<std::pair<std::string, std::uint64_t>> changes;
  if (now == wanted) return changes;
  for (std::size_t first = 0; first < kNames.size(); first += kFamily) {
    const auto family = std::span(kNames).subspan(first, kFamily);
    const bool counts = std::any_of(family.begin(), family.end(), [&](const char* name) {
      return value_of(now, name) != 0 || value_of(wanted, name) != 0;
    });
    if (!counts) continue;
    for (const char* name : family) changes.emplace_back(name, value_of(wanted, name));
  }
  return changes;
}

std::string iotunes_to_text(const DiskIotunes& disks) { return nlohmann::json(disks).dump(); }

Result<DiskIotunes> iotunes_of_text(const std::string& text) {
  try {
    auto disks = nlohmann::json::parse(text).get<DiskIotunes>();
    for (const auto& [target, tune] : disks)
      for (const auto& [name, value] : tune)
        if (std::find(kNames.begin(), kNames.end(), name) == kNames.end() || value == 0)
          return fail(Code::invalid, "limits of disks that are none: " + text);
    return disks;
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::invalid, std::string("limits of disks that cannot be read: ") + error.what());
  }
}

}  // namespace moult::virt
