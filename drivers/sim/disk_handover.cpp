#include "drivers/sim/disk_handover.hpp"

#include <algorithm>

#include "drivers/sim/lifecycle.hpp"

namespace moult::sim {
namespace {

constexpr std::uint64_t kEmptyOverlay = 200ULL << 10U;

MachineRef ref_of(const HandedDisk& disk, DiskSide side) {
  auto ref = disk.original;
  if (side == DiskSide::clone) ref.domain += "-moult-" + disk.run;
  return ref;
}

Disk* find_in(std::vector<Disk>& disks, const std::string& target) {
  const auto found = std::find_if(disks.begin(), disks.end(), [&](const Disk& disk) { return disk.target == target; });
  return found == disks.end() ? nullptr : &*found;
}

std::optional<DiskImage> image_in(const HandedDisk& disk, Domain* domain) {
  const Disk* found = domain == nullptr ? nullptr : find_in(domain->disks, disk.target);
  if (found == nullptr) return std::nullopt;
  const auto paths = paths_of(disk.run, found->path);
  for (const auto image : {DiskImage::scratch, DiskImage::handed, DiskImage::returned})
    if (found->path == paths.of(image)) return image;
  return DiskImage::own;
}

bool is_shared(std::optional<DiskImage> image) { return image && *image != DiskImage::scratch; }

void move_disk(std::vector<Disk>& from, std::vector<Disk>& to, const std::string& target) {
  const auto at = std::find_if(from.begin(), from.end(), [&](const Disk& disk) { return disk.target == target; });
  const auto before = std::find_if(to.begin(), to.end(), [&](const Disk& disk) { return disk.target > target; });
  to.insert(before, *at);
  from.erase(at);
}

Unexpected no_disk(const HandedDisk& disk, const Domain& domain) {
  return fail(Code::not_found, domain.ref.domain + " has no disk " + disk.target);
}

DiskOwner record_in(const HandedDisk& disk, const Domain& original) {
  const auto found = original.owners.find(disk.target);
  return found == original.owners.end() ? DiskOwner{} : found->second;
}

/// The disk with whoever has it; null: nobody.
const Disk* find_anywhere(const HandedDisk& disk, Domain* original, Domain* clone) {
  for (auto* domain : {original, clone}) {
    if (domain == nullptr) continue;
    if (const Disk* found = find_in(domain->disks, disk.target)) return found;
  }
  return nullptr;
}

}  // namespace

DiskPaths paths_of(const std::string& run, const std::string& any) {
  const auto image = any.substr(0, any.find(".moult-"));
  const auto own = image + ".moult-" + run;
  return {image, own, own + "-clone", own + "-handed", own + "-returned"};
}

const std::string& DiskPaths::of(DiskImage which) const {
  switch (which) {
    case DiskImage::scratch:
      return scratch;
    case DiskImage::own:
      break;
    case DiskImage::handed:
      return handed;
    case DiskImage::returned:
      return returned;
  }
  return own;
}

Result<DiskOwner> SimDiskHandover::owner(const HandedDisk& disk) {
  return world_.call(CallId::disk_owner, &disk.original, [&]() -> Result<DiskOwner> {
    const Domain* original = world_.find(disk.original);
    if (original == nullptr) return no_domain(disk.original);
    return record_in(disk, *original);
  });
}

Result<std::optional<DiskImage>> SimDiskHandover::held(const HandedDisk& disk, DiskSide side) {
  const auto ref = ref_of(disk, side);
  return world_.call(CallId::disk_held, &ref, [&]() -> Result<std::optional<DiskImage>> {
    MOULT_TRY(check_host(world_, ref.uri));
    return image_in(disk, world_.find(ref));
  });
}

Result<> SimDiskHandover::make_image(const HandedDisk& disk, DiskImage image) {
  return world_.call(CallId::make_image, &disk.original, [&]() -> Result<> {
    Domain* original = world_.find(disk.original);
    if (original == nullptr) return no_domain(disk.original);
    const auto goes_on_in = record_in(disk, *original).image;
    if (image == DiskImage::handed ? goes_on_in != DiskImage::own : goes_on_in == image)
      return fail(Code::refused, "disk " + disk.target + " goes on in the image " + name_of(goes_on_in) +
                                     ", which holds what clients wrote to it in this run");
    Domain* clone = world_.find(ref_of(disk, DiskSide::clone));
    if (image_in(disk, clone) == image || image_in(disk, original) == image)
      return fail(Code::busy, "a machine has the image that was to be made anew of disk " + disk.target);
    const Disk* held = find_anywhere(disk, original, clone);
    if (held == nullptr) return no_disk(disk, *original);
    auto& host = world_.host(disk.original.uri);
    if (host.free_bytes < kEmptyOverlay) return fail(Code::no_space, "no space for an overlay on " + disk.original.uri);
    const auto paths = paths_of(disk.run, held->path);
    Layer overlay;
    overlay.base = paths.own;
    overlay.virtual_bytes = host.layers[paths.own].virtual_bytes;
    overlay.allocated_bytes = kEmptyOverlay;
    host.layers.insert_or_assign(paths.of(image), std::move(overlay));
    return {};
  });
}

Result<> SimDiskHandover::take_out(const HandedDisk& disk, DiskSide side, Millis deadline) {
  const auto ref = ref_of(disk, side);
  return world_.call(CallId::take_out, &ref, [&]() -> Result<> {
    Domain* domain = world_.find(ref);
    if (domain == nullptr) return {};
    const Disk* held = find_in(domain->disks, disk.target);
    if (held == nullptr) return {};
    if ((held->mounted || domain->guest.hangs()) && domain->state == PowerState::running) {
      world_.advance(deadline.count() * 1000);
      return fail(Code::timeout, ref.domain + " does not let go of disk " + disk.target);
    }
    if (held->mounted) world_.unmount(*domain, disk.target);
    move_disk(domain->disks, domain->withdrawn, disk.target);
    world_.stir_disks();
    return world_.part();
  });
}

Result<> SimDiskHandover::put_in(const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) {
  const auto ref = ref_of(disk, side);
  return world_.call(CallId::put_in, &ref, [&]() -> Result<> {
    Domain* domain = world_.find(ref);
    Domain* original = world_.find(disk.original);
    if (domain == nullptr) return no_domain(ref);
    if (original == nullptr) return no_domain(disk.original);
    if (image_in(disk, domain) == image) return {};
    if (image != DiskImage::scratch) {
      const auto other = side == DiskSide::clone ? DiskSide::original : DiskSide::clone;
      if (is_shared(image_in(disk, world_.find(ref_of(disk, other)))))
        return fail(Code::refused, "disk " + disk.target + " is with the " + name_of(other) + " still");
      if (record_in(disk, *original).epoch != epoch)
        return fail(Code::refused, "disk " + disk.target + " has changed hands since epoch " + std::to_string(epoch));
      original->owners[disk.target] = {epoch + 1, side, image};
      MOULT_TRY(world_.part());
    }
    Disk* waiting = find_in(domain->withdrawn, disk.target);
    if (waiting == nullptr) return no_disk(disk, *domain);
    const auto path = paths_of(disk.run, waiting->path).of(image);
    if (world_.layer(disk.original.uri, path) == nullptr) return fail(Code::not_found, "there is no image " + path);
    waiting->path = path;
    if (image == DiskImage::handed || image == DiskImage::returned)
      world_.see_through(disk.original.uri, waiting->path);
    move_disk(domain->withdrawn, domain->disks, disk.target);
    world_.stir_disks();
    return {};
  });
}

}  // namespace moult::sim
