#pragma once

#include "drivers/disk_handover.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

class SimDiskHandover final : public DiskHandover {
 public:
  explicit SimDiskHandover(World& world) : world_(world) {}
  Result<DiskOwner> owner(const HandedDisk& disk) override;
  Result<std::optional<DiskImage>> held(const HandedDisk& disk, DiskSide side) override;
  Result<> make_image(const HandedDisk& disk, DiskImage image) override;
  Result<> take_out(const HandedDisk& disk, DiskSide side, Millis deadline) override;
  Result<> put_in(const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) override;

 private:
  World& world_;
};

/// The paths of a run's images of one disk, from any of them.
struct DiskPaths {
  std::string image, own, scratch, handed, returned;
  [[nodiscard]] const std::string& of(DiskImage which) const;
};
[[nodiscard]] DiskPaths paths_of(const std::string& run, const std::string& any);

}  // namespace moult::sim
