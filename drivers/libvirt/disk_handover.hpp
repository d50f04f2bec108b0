#pragma once

#include "drivers/disk_handover.hpp"
#include "drivers/libvirt/host.hpp"
#include "drivers/libvirt/overlay_store.hpp"

namespace moult::virt {

/// The record stands in the original's persistent description, which libvirt writes to its disk before it answers: so
/// it is durable, on remote hosts too. Nothing switches QEMU's image locks off, so a machine that has an image of the
/// chain against the record keeps the next one from opening it.
class DiskHandover : public moult::DiskHandover {
 public:
  DiskHandover(Hosts& hosts, OverlayStore& store) : hosts_(hosts), store_(store) {}
  Result<DiskOwner> owner(const HandedDisk& disk) override;
  Result<std::optional<DiskImage>> held(const HandedDisk& disk, DiskSide side) override;
  Result<> make_image(const HandedDisk& disk, DiskImage image) override;
  Result<> take_out(const HandedDisk& disk, DiskSide side, Millis deadline) override;
  Result<> put_in(const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) override;

 private:
  Hosts& hosts_;
  OverlayStore& store_;
};

}  // namespace moult::virt
