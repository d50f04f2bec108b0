#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult::virt {

/// Whether a call changes the world: then a lost connection or a passed deadline leaves its outcome open.
enum class Effect { none, changes };

/// How libvirt's last error in this thread reads to us. `what` names the attempt: "snapshot of domain web". Call in the
/// thread that made the failing call, before any other libvirt call.
[[nodiscard]] Error last_error(const std::string& what, Effect effect);

[[nodiscard]] inline Unexpected virt_fail(const std::string& what, Effect effect) {
  return Unexpected(last_error(what, effect));
}

/// Pure part of last_error: libvirt's error number, its origin number and its text.
[[nodiscard]] Error map_error(int number, int origin, const std::string& text, const std::string& what, Effect effect);

/// libvirt's last error in this thread says that the named thing does not exist.
[[nodiscard]] bool last_error_is_absence();

/// The answer of a call that was given up at its deadline.
[[nodiscard]] Error deadline_error(const std::string& what, long long millis, Effect effect);

}  // namespace moult::virt
