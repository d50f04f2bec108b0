#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult::virt {

/// What libvirt limits of one disk's bytes, by the names of its parameters ("write_bytes_sec"); those that are 0, which
/// means no limit, are left out. Pure: nothing here speaks with libvirt.
using Iotune = std::map<std::string, std::uint64_t>;
/// The same of a machine's disks, by target ("vda").
using DiskIotunes = std::map<std::string, Iotune>;

/// The parameters that an Iotune may have. Those of operations a second are left alone.
[[nodiscard]] std::span<const char* const> iotune_names();

/// `before`, with writes held to at most so many bytes a second, without bursts. Where reads and writes had one limit
/// together, reads get what of it writes leave. One that is as strict already stays as it is.
[[nodiscard]] Iotune with_writes_limited(const Iotune& before, std::uint64_t bytes_per_second);

/// What to tell libvirt of a disk that has `now` so that it has `wanted`; empty: nothing. libvirt forgets those of a
/// family (a second, bursts, their length) that are not named when another one of it is, so families are named whole,
/// and only the ones that count, for an older QEMU does not know all.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> iotune_changes(const Iotune& now,
                                                                                const Iotune& wanted);

/// One line of JSON. Equal limits are equal text.
[[nodiscard]] std::string iotunes_to_text(const DiskIotunes& disks);
/// Error: invalid, for a text that is none of those.
[[nodiscard]] Result<DiskIotunes> iotunes_of_text(const std::string& text);

}  // namespace moult::virt
