#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "drivers/libvirt/platform_parts.hpp"

namespace moult::lab {

/// The machine of the lab that these tests work on; `$MOULT_LAB_DOMAIN` and `$MOULT_LAB_ADDRESS` name another one.
[[nodiscard]] MachineRef original();
[[nodiscard]] std::string address();
/// Fails the test, saying how to run it, when this process is not inside a lab.
void require_lab();

/// A value, or the test fails with the error's words.
template <typename T>
T must(Result<T> result);
void must(Result<void> result);

/// Throws what Catch shows as the test's failure.
[[noreturn]] void give_up(const std::string& why);

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error().describe());
  return std::move(*result);
}

[[nodiscard]] Millis time_of(const std::function<void()>& work);
/// Says a figure on the test's output.
void report(const std::string& what, double value, const std::string& unit);

/// Access to a guest that answers, waiting for its boot.
[[nodiscard]] std::unique_ptr<GuestAccess> guest(LibvirtParts& parts, const MachineRef& machine);
/// Runs a command in a guest; fails the test when it fails there.
std::string in_guest(GuestAccess& guest, std::vector<std::string> argv);
/// One echo request from the lab's host answered within a second.
[[nodiscard]] bool reachable(const std::string& address);
/// Runs virsh on the lab's libvirt.
std::string virsh(std::vector<std::string> arguments);

/// Brings the lab back after a test, whatever it did.
struct CleanUp {
  std::function<void()> work;
  ~CleanUp() { work(); }
};

}  // namespace moult::lab
