#pragma once

#include <set>
#include <string>

#include "drivers/libvirt/host.hpp"

namespace moult::virt {

/// Commits each of these overlays that is the top of a disk of the domain into the image below it, and makes that image
/// the top again. On a running machine it runs on meanwhile; a machine that is off is started paused for the time (its
/// processors never run), tied to our connection so that it cannot stay behind. Takes up a commit that another process
/// began. Ends when no disk's top is one of the overlays. Errors: timeout (no progress for a minute; it goes on by
/// itself, call again), failed, no_space.
[[nodiscard]] Result<> commit_overlays(Host& host, const std::string& domain, const std::set<std::string>& overlays);

}  // namespace moult::virt
