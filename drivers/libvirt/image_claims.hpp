#pragma once

#include <map>
#include <string>
#include <vector>

#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/host.hpp"

namespace moult::virt {

/// Which domains have which image files as disks that they write. Two that name one file may both write it, at any
/// time at which QEMU's lock lets them; neither can be cloned or have its disk change hands then.
class ImageClaims {
 public:
  /// `here`: the host is this machine, so one file is known by whatever links lead to it.
  explicit ImageClaims(bool here) : here_(here) {}
  /// What a domain writes, by one of its descriptions; the same one twice is one.
  void add(const Description& seen);
  /// One sentence for each disk of this domain whose image is a disk of another domain too; empty when there is none.
  [[nodiscard]] std::vector<std::string> against(const Description& seen) const;

 private:
  [[nodiscard]] std::string file_of(const DiskEntry& disk) const;

  bool here_;
  std::map<std::string, std::map<std::string, std::string>> claims_;  ///< image to domain to its disk
};

/// What all domains of a host claim, running or off, live and persistent; one that goes away meanwhile has none.
[[nodiscard]] Result<ImageClaims> read_image_claims(Host& host);

}  // namespace moult::virt
