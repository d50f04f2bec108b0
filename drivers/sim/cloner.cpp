#include "drivers/sim/cloner.hpp"

#include <algorithm>
#include <set>

#include "drivers/sim/disk_handover.hpp"
#include "drivers/sim/lifecycle.hpp"
#include "drivers/sim/network.hpp"

namespace moult::sim {
namespace {

constexpr std::uint64_t kOverlayBytes = 200ULL << 20U;  ///< what an overlay is expected to grow to
constexpr std::uint64_t kEmptyOverlay = 200ULL << 10U;

std::string overlay_suffix(const std::string& run) { return ".moult-" + run; }
std::string clone_suffix(const std::string& run) { return ".moult-" + run + "-clone"; }

/// The disk's own image, whatever overlays of the run are above it.
std::string image_of(const std::string& path, const std::string& suffix) {
  return path.ends_with(suffix) ? path.substr(0, path.size() - suffix.size()) : path;
}

/// Error: busy, when a disk is the overlay of another run; without one of ours, of any.
Result<> refuse_other_run(const std::string& run, const Domain& domain) {
  for (const auto& disk : domain.disks)
    if (disk.path.find(".moult-") != std::string::npos && !disk.path.ends_with("-clone") &&
        (run.empty() || !disk.path.ends_with(overlay_suffix(run))))
      return fail(Code::busy, "disk " + disk.target + " of " + domain.ref.domain + " is the overlay of another run",
                  "End that run first.");
  return {};
}

Unexpected no_space(const std::string& uri) {
  return fail(Code::no_space, "no space for an overlay on " + uri, "Free space there and try again.");
}

std::size_t count_on(const Domain& domain, const std::string& suffix) {
  return static_cast<std::size_t>(std::count_if(domain.disks.begin(), domain.disks.end(),
                                                [&](const Disk& disk) { return disk.path.ends_with(suffix); }));
}

}  // namespace

MachineRef SimCloner::clone_of(const std::string& run, const MachineRef& original) const {
  return {original.name, original.uri, original.domain + "-moult-" + run};
}

Result<std::vector<SpaceNeed>> SimCloner::space(const std::vector<MachineRef>& originals) {
  return world_.call(
      CallId::space, originals.empty() ? nullptr : &originals.front(), [&]() -> Result<std::vector<SpaceNeed>> {
        std::vector<SpaceNeed> needs;
        for (const auto& original : originals) {
          MOULT_TRY(check_host(world_, original.uri));
          const Domain* domain = world_.find(original);
          if (domain == nullptr) return no_domain(original);
          MOULT_TRY(refuse_other_run({}, *domain));
          auto need =
              std::find_if(needs.begin(), needs.end(), [&](const auto& one) { return one.uri == original.uri; });
          if (need == needs.end())
            need = needs.insert(need, {original.uri, "/sim/images", 0, world_.host(original.uri).free_bytes});
          need->needed_bytes += 2 * kOverlayBytes * domain->disks.size();
        }
        return needs;
      });
}

Result<> SimCloner::prepare(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::prepare, &original, [&]() -> Result<> {
    const Domain* domain = world_.find(original);
    if (domain == nullptr) return no_domain(original);
    MOULT_TRY(refuse_other_run(run, *domain));
    auto& host = world_.host(original.uri);
    for (const auto& disk : domain->disks) {
      const auto image = image_of(disk.path, overlay_suffix(run));
      if (host.layers.count(image + overlay_suffix(run)) != 0) continue;
      if (host.free_bytes < kEmptyOverlay) return no_space(original.uri);
      Layer overlay;
      overlay.base = image;
      overlay.virtual_bytes = host.layers[image].virtual_bytes;
      overlay.allocated_bytes = kEmptyOverlay;
      host.layers.emplace(image + overlay_suffix(run), std::move(overlay));
      MOULT_TRY(world_.part());
    }
    return {};
  });
}

Result<> SimCloner::snapshot(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::snapshot, &original, [&]() -> Result<> {
    Domain* domain = world_.find(original);
    if (domain == nullptr) return no_domain(original);
    for (const auto& disk : domain->disks)
      if (world_.layer(original.uri, image_of(disk.path, overlay_suffix(run)) + overlay_suffix(run)) == nullptr)
        return fail(Code::not_found, original.domain + " has no prepared overlay for " + disk.target);
    for (auto& disk : domain->disks) {
      if (disk.path.ends_with(overlay_suffix(run))) continue;
      const Layer& base = *world_.layer(original.uri, disk.path);
      Layer& overlay = *world_.layer(original.uri, disk.path + overlay_suffix(run));
      overlay.tree = base.tree;
      overlay.blocks = base.blocks;
      disk.path += overlay_suffix(run);
    }
    world_.note("snapshot taken", world_.index_of(*domain));
    world_.stir_disks();
    return {};
  });
}

Result<Presence> SimCloner::probe_snapshot(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::probe_snapshot, &original, [&]() -> Result<Presence> {
    const Domain* domain = world_.find(original);
    if (domain == nullptr) return no_domain(original);
    const auto on = count_on(*domain, overlay_suffix(run));
    if (on == domain->disks.size()) return Presence::present;
    if (on != 0) return Presence::partial;
    for (const auto& disk : domain->disks)
      if (world_.layer(original.uri, disk.path + overlay_suffix(run)) != nullptr) return Presence::partial;
    return Presence::absent;
  });
}

Result<> SimCloner::make_clone_layers(const std::string& run, const Domain& original) {
  auto& host = world_.host(original.ref.uri);
  for (const auto& disk : original.disks) {
    const auto image = image_of(disk.path, overlay_suffix(run));
    if (host.layers.count(image + clone_suffix(run)) != 0) continue;
    if (host.free_bytes < kEmptyOverlay) return no_space(original.ref.uri);
    Layer overlay = host.layers[image];  // all that the base holds is seen through it
    overlay.base = image;
    overlay.allocated_bytes = kEmptyOverlay;
    host.layers.emplace(image + clone_suffix(run), std::move(overlay));
    MOULT_TRY(world_.part());
  }
  return {};
}

Result<> SimCloner::define_clone(const std::string& run, const Domain& original, const MachineRef& ref) {
  if (world_.host(ref.uri).networks.count(isolated_network(run)) == 0)
    return fail(Code::not_found, "there is no network " + isolated_network(run) + " on " + ref.uri);
  Domain clone = original;
  clone.ref = ref;
  clone.run = run;
  clone.uuid = "c10e" + original.uuid.substr(4);
  clone.state = PowerState::off;
  clone.autostart = false;
  clone.guest = Guest{};
  clone.withdrawn.clear();
  clone.owners.clear();
  for (auto& disk : clone.disks) disk.path = image_of(disk.path, overlay_suffix(run)) + clone_suffix(run);
  for (auto& nic : clone.nics) nic.source = nic.at_start = isolated_network(run);
  world_.add(std::move(clone));
  return {};
}

Result<> SimCloner::create_clone(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::create_clone, &original, [&]() -> Result<> {
    const Domain* domain = world_.find(original);
    if (domain == nullptr) return no_domain(original);
    if (count_on(*domain, overlay_suffix(run)) != domain->disks.size())
      return fail(Code::refused, original.domain + " has no snapshot of run " + run, "Take the snapshot first.");
    MOULT_TRY(make_clone_layers(run, *domain));
    const auto ref = clone_of(run, original);
    if (world_.find(ref) == nullptr) MOULT_TRY(define_clone(run, *domain, ref));
    MOULT_TRY(world_.part());
    world_.power_on(*world_.find(ref));
    return {};
  });
}

Result<Presence> SimCloner::probe_clone(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::probe_clone, &original, [&]() -> Result<Presence> {
    MOULT_TRY(check_host(world_, original.uri));
    const Domain* clone = world_.find(clone_of(run, original));
    if (clone != nullptr) return clone->state == PowerState::running ? Presence::present : Presence::partial;
    for (const auto& [path, layer] : world_.host(original.uri).layers)
      if (path.starts_with("/sim/images/" + original.domain + "-vd") && path.ends_with(clone_suffix(run)))
        return Presence::partial;
    return Presence::absent;
  });
}

Result<> SimCloner::discard_clone(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::discard_clone, &original, [&]() -> Result<> {
    MOULT_TRY(check_host(world_, original.uri));
    if (const Domain* clone = world_.find(clone_of(run, original))) {
      if (!clone->alias.empty())
        return fail(Code::refused, clone->ref.domain + " was consolidated and is the appliance's machine now");
      for (const auto& disk : clone->disks) {
        const auto paths = paths_of(run, disk.path);
        if (disk.path == paths.own || disk.path == paths.handed)
          return fail(Code::refused, clone->ref.domain + " has the original's disk " + disk.target,
                      "Give it back first.");
      }
      world_.remove(*clone);
    }
    MOULT_TRY(world_.part());
    std::erase_if(world_.host(original.uri).layers, [&](const auto& entry) {
      return entry.first.starts_with("/sim/images/" + original.domain + "-vd") &&
             entry.first.ends_with(clone_suffix(run));
    });
    return {};
  });
}

/// A disk that changed hands has one more image above the original's, and goes on in that.
void SimCloner::commit_handed(Domain& domain, Disk& disk, const std::string& run) {
  auto& layers = world_.host(domain.ref.uri).layers;
  const auto paths = paths_of(run, disk.path);
  for (const auto& upper : {paths.handed, paths.returned}) {
    if (disk.path == upper) {
      layers[paths.own].tree = std::move(layers[upper].tree);
      layers[paths.own].blocks = layers[upper].blocks;
      disk.path = paths.own;
      world_.stir_disks();
    }
    layers.erase(upper);
  }
}

/// What was written above the image goes into it, and the image is the top again.
Result<> SimCloner::commit(Domain& domain, Disk& disk, const std::string& suffix) {
  auto& layers = world_.host(domain.ref.uri).layers;
  const auto image = image_of(disk.path, suffix);
  if (image != disk.path) {
    Layer& top = layers[disk.path];
    Layer& base = layers[image];
    base.tree = std::move(top.tree);
    base.blocks = top.blocks;
    disk.path = image;
  }
  layers.erase(image + suffix);
  world_.stir_disks();
  return world_.part();
}

Result<> SimCloner::restore_chain(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::restore_chain, &original, [&]() -> Result<> {
    Domain* domain = world_.find(original);
    if (domain == nullptr) return no_domain(original);
    if (world_.find(clone_of(run, original)) != nullptr)
      return fail(Code::refused, "the clone of " + original.domain + " still reads its base",
                  "Discard the clone first.");
    if (!domain->withdrawn.empty())
      return fail(Code::refused, original.domain + " does not have its disk " + domain->withdrawn.front().target,
                  "Give it back first.");
    for (auto& disk : domain->disks) {
      commit_handed(*domain, disk, run);
      MOULT_TRY(commit(*domain, disk, overlay_suffix(run)));
    }
    domain->owners.clear();
    return {};
  });
}

Result<> SimCloner::consolidate(const std::string& run, const MachineRef& original) {
  return world_.call(CallId::consolidate, &original, [&]() -> Result<> {
    Domain* clone = world_.find(clone_of(run, original));
    if (clone == nullptr) return world_.find(original) != nullptr ? Result<>{} : Result<>(no_domain(original));
    if (Domain* old = world_.find(original); old != nullptr && old != clone) {
      clone->autostart = clone->autostart || old->autostart;
      world_.remove(*old);
    }
    MOULT_TRY(world_.part());
    auto& layers = world_.host(original.uri).layers;
    for (auto& disk : clone->disks) {
      const auto paths = paths_of(run, disk.path);
      const bool has_own = disk.path == paths.own || disk.path == paths.handed;
      commit_handed(*clone, disk, run);
      layers.erase(has_own ? paths.scratch : paths.own);
      MOULT_TRY(commit(*clone, disk, has_own ? overlay_suffix(run) : clone_suffix(run)));
    }
    clone->withdrawn.clear();
    for (auto& nic : clone->nics) nic.at_start = nic.production;
    clone->run.clear();
    clone->alias = original.domain;
    if (clone->state == PowerState::off) clone->ref.domain = std::exchange(clone->alias, {});
    return {};
  });
}

}  // namespace moult::sim
