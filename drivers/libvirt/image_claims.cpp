#include "drivers/libvirt/image_claims.hpp"

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <filesystem>

#include "drivers/libvirt/overlay_store.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

Result<> add_domain(virDomainPtr domain, ImageClaims& claims) {
  for (const auto which : {Which::live, Which::persistent}) {
    const auto xml = domain_xml(domain, which);
    if (!xml && (last_error_is_absence() || which == Which::persistent)) return {};  // gone, or transient
    if (!xml) return Unexpected(xml.error());
    MOULT_ASSIGN(const Description seen, read_description(*xml));
    claims.add(seen);
  }
  return {};
}

}  // namespace

std::string ImageClaims::file_of(const DiskEntry& disk) const {
  std::error_code unknown;
  const auto file = here_ ? std::filesystem::weakly_canonical(disk.path, unknown) : std::filesystem::path(disk.path);
  return unknown ? disk.path : file.string();
}

void ImageClaims::add(const Description& seen) {
  for (const auto& disk : seen.writable_disks())
    if (disk.source_kind == "file" && !disk.path.empty()) claims_[file_of(disk)][seen.name] = disk.target;
}

std::vector<std::string> ImageClaims::against(const Description& seen) const {
  std::vector<std::string> reasons;
  for (const auto& disk : seen.writable_disks()) {
    const auto found = claims_.find(file_of(disk));
    if (found == claims_.end()) continue;
    for (const auto& [domain, target] : found->second)
      if (domain != seen.name)
        reasons.push_back("disk " + disk.target + " (" + disk.path + ") is disk " + target + " of domain " + domain +
                          " too, which may write it");
  }
  return reasons;
}

Result<ImageClaims> read_image_claims(Host& host) {
  const std::string what = "look at the disks of all domains";
  return host.call<ImageClaims>({what},
                                [what, here = is_local(host.uri())](virConnectPtr connection) -> Result<ImageClaims> {
                                  virDomainPtr* domains = nullptr;
                                  const int count = virConnectListAllDomains(connection, &domains, 0);
                                  if (count < 0) return virt_fail(what, Effect::none);
                                  ImageClaims claims(here);
                                  Result<> added;
                                  for (int i = 0; i < count; ++i) {
                                    const DomainHandle domain(domains[i]);
                                    if (added) added = add_domain(domain.get(), claims);
                                  }
                                  std::free(domains);
                                  MOULT_TRY(added);
                                  return claims;
                                });
}

}  // namespace moult::virt
