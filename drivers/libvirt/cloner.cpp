#include "drivers/libvirt/cloner.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <map>
#include <pugixml.hpp>

#include "drivers/channel_opener.hpp"
#include "drivers/libvirt/chain_commit.hpp"
#include "drivers/libvirt/clone_description.hpp"
#include "drivers/libvirt/cloner_domains.hpp"
#include "drivers/libvirt/image_claims.hpp"
#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/text.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr Millis kSnapshotDeadline{15000};

std::string snapshot_xml(const std::string& run, const MachineRef& original, const Description& seen) {
  pugi::xml_document document;
  auto snapshot = document.append_child("domainsnapshot");
  snapshot.append_child("name").text().set(("moult-" + run).c_str());
  snapshot.append_child("memory").append_attribute("snapshot") = "no";
  auto disks = snapshot.append_child("disks");
  for (const auto& disk : seen.disks) {
    auto entry = disks.append_child("disk");
    entry.append_attribute("name") = disk.target.c_str();
    entry.append_attribute("snapshot") = disk.writable() ? "external" : "no";
    if (!disk.writable()) continue;
    entry.append_attribute("type") = "file";
    entry.append_child("driver").append_attribute("type") = "qcow2";
    entry.append_child("source").append_attribute("file") =
        original_overlay(run, original.domain, disk.target, disk.path).c_str();
  }
  return xml_text(document);
}

// The images above what the original had at the snapshot: its own, and those in which a disk goes on that changed
// hands.
std::vector<std::string> images_above(const std::string& run, const MachineRef& original, const DiskEntry& disk) {
  return {original_overlay(run, original.domain, disk.target, disk.path),
          handed_overlay(run, original.domain, disk.target, disk.path),
          returned_overlay(run, original.domain, disk.target, disk.path)};
}

bool is_snapshotted(const std::string& run, const MachineRef& original, const DiskEntry& disk) {
  const auto images = images_above(run, original, disk);
  return std::find(images.begin(), images.end(), disk.path) != images.end();
}

Presence presence_of(const std::string& run, const MachineRef& original, const std::vector<DiskEntry>& disks) {
  const auto done = std::count_if(disks.begin(), disks.end(),
                                  [&](const DiskEntry& disk) { return is_snapshotted(run, original, disk); });
  if (done == 0) return Presence::absent;
  return done == static_cast<std::ptrdiff_t>(disks.size()) ? Presence::present : Presence::partial;
}

// Another run's overlay (with no run of ours: any run's) is that run's to commit or to delete: a clone above it would
// stand on ground that goes away.
Result<> refuse_other_run(const std::string& run, const MachineRef& original, const Description& seen) {
  for (const auto& disk : seen.writable_disks()) {
    const auto other = run_of_overlay(disk.path);
    if (!other.empty() && other != run)
      return fail(
          Code::busy,
          "disk " + disk.target + " of domain " + original.domain + " is the overlay of another run, " + other,
          "End that run first, with the state that it was begun with: `moult --state DIR status " + other + "`.");
  }
  return {};
}

// Every overlay that the run may have made for these disks, whichever side they belong to.
std::vector<std::string> overlay_files(const std::string& run, const MachineRef& original, const Description& seen) {
  std::vector<std::string> files;
  for (const auto& disk : seen.writable_disks()) {
    for (auto& image : images_above(run, original, disk)) files.push_back(std::move(image));
    files.push_back(clone_overlay(run, original.domain, disk.target, disk.path));
  }
  return files;
}

std::vector<std::string> clone_files(const std::string& run, const MachineRef& original, const Description& seen) {
  std::vector<std::string> files;
  for (const auto& disk : seen.writable_disks())
    files.push_back(clone_overlay(run, original.domain, disk.target, disk.path));
  return files;
}

// The store works on one directory at a time.
std::vector<std::vector<std::string>> by_directory(const std::vector<std::string>& paths) {
  std::map<std::string, std::vector<std::string>> found;
  for (const auto& path : paths) found[directory_of(path)].push_back(path);
  std::vector<std::vector<std::string>> groups;
  groups.reserve(found.size());
  for (auto& [directory, files] : found) groups.push_back(std::move(files));
  return groups;
}

template <typename T>
Result<T> in_machine(Result<T> result, const MachineRef& machine) {
  if (!result) result.error().within("machine " + machine.name);
  return result;
}

Result<> refuse_unclonable(const MachineRef& machine, const std::string& xml, bool persistent,
                           const std::vector<std::string>& shared) {
  MOULT_ASSIGN(auto reasons, reasons_against_cloning(xml));
  reasons.insert(reasons.end(), shared.begin(), shared.end());
  if (!persistent) reasons.emplace_back("the domain is transient: its description would be lost when it is off");
  if (reasons.empty()) return {};
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return fail(Code::refused, "domain " + machine.domain + " cannot be cloned: " + text,
              "take these devices out of the machine, or upgrade it in place");
}

}  // namespace

MachineRef Cloner::clone_of(const std::string& run, const MachineRef& original) const {
  return {original.name, original.uri, clone_domain(run, original.domain)};
}

Result<Cloner::Seen> Cloner::look(const MachineRef& machine) {
  return in_machine(hosts_.at(machine.uri)
                        .on_domain<Seen>({"look at domain " + machine.domain}, machine.domain,
                                         [](virDomainPtr domain) -> Result<Seen> {
                                           Seen seen;
                                           MOULT_ASSIGN(seen.xml, domain_xml(domain, Which::live));
                                           MOULT_ASSIGN(seen.description, read_description(seen.xml));
                                           seen.running = is_running(domain);
                                           seen.persistent = virDomainIsPersistent(domain) == 1;
                                           return seen;
                                         }),
                    machine);
}

Result<> Cloner::delete_files(Host& host, const std::vector<std::string>& paths) {
  for (const auto& files : by_directory(paths)) MOULT_TRY(store_.remove(host, files));
  return {};
}

Result<std::vector<SpaceNeed>> Cloner::space(const std::vector<MachineRef>& originals) {
  std::map<std::pair<std::string, std::string>, SpaceNeed> needs;
  std::map<std::string, ImageClaims> claims;
  for (const auto& original : originals) {
    MOULT_ASSIGN(const Seen seen, look(original));
    auto& host = hosts_.at(original.uri);
    if (claims.count(original.uri) == 0) {
      MOULT_ASSIGN(auto all, read_image_claims(host));
      claims.emplace(original.uri, std::move(all));
    }
    const auto shared = claims.at(original.uri).against(seen.description);
    MOULT_TRY(in_machine(refuse_unclonable(original, seen.xml, seen.persistent, shared), original));
    MOULT_TRY(in_machine(refuse_other_run({}, original, seen.description), original));
    for (const auto& disk : seen.description.writable_disks()) {
      MOULT_ASSIGN(const DiskSize size, disk_size(host, original.domain, disk.target));
      auto& need = needs[{original.uri, directory_of(disk.path)}];
      need.needed_bytes += 2 * overlay_estimate(size.allocated_bytes, size.virtual_bytes);
    }
  }
  std::vector<SpaceNeed> answer;
  for (auto& [where, need] : needs) {
    need.uri = where.first;
    need.directory = where.second;
    MOULT_ASSIGN(need.free_bytes, store_.free_bytes(hosts_.at(need.uri), need.directory));
    answer.push_back(need);
  }
  return answer;
}

Result<> Cloner::prepare(const std::string& run, const MachineRef& original) {
  MOULT_TRY(check_run_id(run));
  MOULT_ASSIGN(const Seen seen, look(original));
  auto& host = hosts_.at(original.uri);
  MOULT_ASSIGN(const ImageClaims claims, read_image_claims(host));
  const auto shared = claims.against(seen.description);
  MOULT_TRY(in_machine(refuse_unclonable(original, seen.xml, seen.persistent, shared), original));
  MOULT_TRY(in_machine(refuse_other_run(run, original, seen.description), original));
  std::map<std::string, std::vector<OverlaySpec>> overlays;
  for (const auto& disk : seen.description.writable_disks()) {
    if (is_snapshotted(run, original, disk)) continue;
    MOULT_ASSIGN(const DiskSize size, disk_size(host, original.domain, disk.target));
    auto& specs = overlays[directory_of(disk.path)];
    specs.push_back(
        {original_overlay(run, original.domain, disk.target, disk.path), disk.path, disk.format, size.virtual_bytes});
    specs.push_back(
        {clone_overlay(run, original.domain, disk.target, disk.path), disk.path, disk.format, size.virtual_bytes});
  }
  for (const auto& [directory, specs] : overlays) MOULT_TRY(in_machine(store_.create(host, specs), original));
  return {};
}

Result<> Cloner::snapshot(const std::string& run, const MachineRef& original) {
  const std::string what = "snapshot of domain " + original.domain;
  const CallSpec spec{what, Effect::changes, kSnapshotDeadline};
  return in_machine(
      hosts_.at(original.uri)
          .on_domain<void>(
              spec, original.domain,
              [what, run, original](virDomainPtr domain) -> Result<> {
                MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
                MOULT_ASSIGN(const Description seen, read_description(xml));
                const auto presence = presence_of(run, original, seen.writable_disks());
                if (presence == Presence::present) return {};
                if (presence == Presence::partial)
                  return fail(Code::failed, what + ": some of its disks are in the run's overlays and some are not",
                              "moult abort brings the chain back");
                MOULT_TRY(refuse_other_run(run, original, seen));  // one that came between
                if (!is_running(domain))
                  return fail(Code::refused, what + ": the machine is not running", "start it and try again");
                const unsigned flags = VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC |
                                       VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT;
                const virDomainSnapshotPtr made =
                    virDomainSnapshotCreateXML(domain, snapshot_xml(run, original, seen).c_str(), flags);
                if (made == nullptr) return virt_fail(what, Effect::changes);
                virDomainSnapshotFree(made);
                return {};
              }),
      original);
}

Result<Presence> Cloner::probe_snapshot(const std::string& run, const MachineRef& original) {
  MOULT_ASSIGN(const Seen seen, look(original));
  const auto presence = presence_of(run, original, seen.description.writable_disks());
  if (presence != Presence::absent) return presence;
  for (const auto& files : by_directory(overlay_files(run, original, seen.description))) {
    MOULT_ASSIGN(const auto prepared, in_machine(store_.existing(hosts_.at(original.uri), files), original));
    if (!prepared.empty()) return Presence::partial;
  }
  return Presence::absent;
}

Result<> Cloner::create_clone(const std::string& run, const MachineRef& original) {
  MOULT_TRY(check_run_id(run));
  MOULT_ASSIGN(const Seen seen, look(original));
  const auto name = clone_domain(run, original.domain);
  auto& host = hosts_.at(original.uri);
  MOULT_ASSIGN(const auto existing, find_clone(host, run, original.domain));
  if (existing == Presence::present) return {};
  if (existing == Presence::absent) {
    if (presence_of(run, original, seen.description.writable_disks()) != Presence::present)
      return in_machine(
          Result<>(fail(Code::refused, "domain " + original.domain + " has no snapshot of this run to clone from")),
          original);
    CloneIdentity identity{
        name, {run, original.domain, false}, {}, bridge_name(run, Place::isolated), helper_port(run)};
    for (const auto& disk : seen.description.writable_disks())
      identity.overlays[disk.target] = clone_overlay(run, original.domain, disk.target, disk.path);
    MOULT_ASSIGN(const std::string xml, clone_description(seen.xml, identity));
    MOULT_TRY(in_machine(define_domain(host, name, xml), original));
  }
  return in_machine(start_domain(host, name), original);
}

Result<Presence> Cloner::probe_clone(const std::string& run, const MachineRef& original) {
  return find_clone(hosts_.at(original.uri), run, original.domain);
}

// A clone that has an original's disk would take it along.
Result<> refuse_owner(const std::string& run, const MachineRef& original, const Description& clone) {
  for (const auto& disk : clone.writable_disks())
    if (is_snapshotted(run, original, disk))
      return fail(Code::refused, "the clone of domain " + original.domain + " has its disk " + disk.target,
                  "give the disk back first");
  return {};
}

Result<> Cloner::discard_clone(const std::string& run, const MachineRef& original) {
  auto& host = hosts_.at(original.uri);
  std::vector<std::string> files;
  const auto from_original = look(original);
  if (from_original) files = clone_files(run, original, from_original->description);
  if (!from_original && from_original.error().code != Code::not_found) return Unexpected(from_original.error());
  if (const auto from_clone = look(clone_of(run, original))) {
    MOULT_TRY(in_machine(refuse_owner(run, original, from_clone->description), original));
    for (auto& file : clone_files(run, original, from_clone->description)) files.push_back(file);
  }
  MOULT_TRY(in_machine(discard_domain(host, run, clone_domain(run, original.domain)), original));
  return in_machine(delete_files(host, files), original);
}

Result<> Cloner::restore_chain(const std::string& run, const MachineRef& original) {
  auto& host = hosts_.at(original.uri);
  MOULT_ASSIGN(const auto clone, find_clone(host, run, original.domain));
  if (clone != Presence::absent)
    return in_machine(
        Result<>(fail(Code::refused, "the clone " + clone_domain(run, original.domain) + " still reads the base",
                      "discard the clone first")),
        original);
  MOULT_TRY(in_machine(end_handover(host, original.domain), original));
  MOULT_ASSIGN(const Seen seen, look(original));
  const auto files = overlay_files(run, original, seen.description);
  MOULT_TRY(in_machine(commit_overlays(host, original.domain, {files.begin(), files.end()}), original));
  MOULT_TRY(in_machine(ensure_unused(host, original.domain, {files.begin(), files.end()}), original));
  return in_machine(delete_files(host, files), original);
}

Result<> Cloner::consolidate(const std::string& run, const MachineRef& original) {
  auto& host = hosts_.at(original.uri);
  const auto name = clone_domain(run, original.domain);
  MOULT_ASSIGN(const auto succession, read_succession(host, run, original.domain));
  if (succession.clone.empty())
    return in_machine(
        Result<>(fail(Code::not_found, "there is no clone " + name + " to take over from domain " + original.domain)),
        original);
  MOULT_ASSIGN(const Seen clone, look({original.name, original.uri, succession.clone}));
  const auto files = overlay_files(run, original, clone.description);
  if (succession.original_exists) MOULT_TRY(in_machine(power_off_domain(host, original.domain), original));
  MOULT_TRY(in_machine(commit_overlays(host, succession.clone, {files.begin(), files.end()}), original));
  MOULT_TRY(in_machine(ensure_unused(host, succession.clone, {files.begin(), files.end()}), original));
  if (succession.original_exists) MOULT_TRY(in_machine(hand_over(host, run, original.domain), original));
  MOULT_TRY(in_machine(delete_files(host, files), original));
  return in_machine(take_over_name(host, succession.clone), original);
}

}  // namespace moult::virt
