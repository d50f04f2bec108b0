#include <libvirt/virterror.h>

#include "catch.hpp"
#include "drivers/libvirt/agent_call.hpp"
#include "drivers/libvirt/cloner.hpp"
#include "drivers/libvirt/virt_error.hpp"

using namespace moult;
using namespace moult::virt;

TEST_CASE("libvirt's errors become codes, and a broken connection leaves a change's outcome open") {
  CHECK(map_error(VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU, "no domain", "x", Effect::none).code == Code::not_found);
  CHECK(map_error(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC, "denied", "x", Effect::none).code == Code::refused);
  CHECK(
      map_error(VIR_ERR_OPERATION_FAILED, VIR_FROM_QEMU, "write: No space left on device", "x", Effect::changes).code ==
      Code::no_space);
  CHECK(map_error(VIR_ERR_OPERATION_FAILED, VIR_FROM_QEMU, "no", "x", Effect::changes).disposition ==
        Disposition::fail);
  const auto lost = map_error(VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "client socket is closed", "x", Effect::changes);
  CHECK(lost.code == Code::unreachable);
  CHECK(lost.disposition == Disposition::ambiguous);
  CHECK(map_error(VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "client socket is closed", "x", Effect::none).disposition ==
        Disposition::retry);
  CHECK(map_error(VIR_ERR_OPERATION_TIMEOUT, VIR_FROM_QEMU, "cannot acquire state change lock", "x", Effect::changes)
            .disposition == Disposition::retry);
  CHECK(deadline_error("x", 5, Effect::changes).disposition == Disposition::ambiguous);
  CHECK(deadline_error("x", 5, Effect::none).disposition == Disposition::retry);
}

TEST_CASE("a guest without an agent says what to install, and a frozen one that it is frozen") {
  const MachineRef machine{"app", "qemu:///system", "notes-app"};
  const auto missing = map_agent_error(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_QEMU,
                                       "QEMU guest agent is not configured", machine, Effect::none);
  CHECK(missing.code == Code::unreachable);
  CHECK(missing.remedy.find("qemu-guest-agent") != std::string::npos);
  CHECK(missing.remedy.find("org.qemu.guest_agent.0") != std::string::npos);
  CHECK(missing.describe().find("machine app") != std::string::npos);
  const auto silent =
      map_agent_error(VIR_ERR_AGENT_UNRESPONSIVE, VIR_FROM_QEMU, "not connected", machine, Effect::changes);
  CHECK(silent.code == Code::unreachable);
  CHECK(silent.disposition == Disposition::retry);
  const auto frozen = map_agent_error(VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU,
                                      "unable to execute QEMU agent command 'guest-exec': Command guest-exec has been "
                                      "disabled: the agent is in frozen state",
                                      machine, Effect::changes);
  CHECK(frozen.code == Code::busy);
  CHECK(frozen.disposition == Disposition::retry);
  CHECK(map_agent_error(VIR_ERR_OPERATION_INVALID, VIR_FROM_QEMU, "domain is not running", machine, Effect::none)
            .remedy == "start the machine");
}

TEST_CASE("the room that overlays need grows with the disk and ends at its size") {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  CHECK(overlay_estimate(0, 10000 * kMiB) == 256 * kMiB);
  CHECK(overlay_estimate(8000 * kMiB, 10000 * kMiB) == 2000 * kMiB);
  CHECK(overlay_estimate(100 * kMiB, 100 * kMiB) == 100 * kMiB);
}
