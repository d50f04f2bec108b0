#pragma once

#include "descriptors/base/digest.hpp"
#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult::guest {

/// A run's helper in one guest, as the guest agent sees it: a file to push, start and take away again.
class Bootstrap {
 public:
  /// `helper`: path of the program on this host; `agent` must outlive this object.
  Bootstrap(GuestAccess& agent, std::string run, std::string helper);

  /// Starts the helper, pushing it first where it is missing; one that runs already is left alone. Errors: unreachable
  /// when the agent does not answer (yet), refused or failed when the guest will not have it.
  Result<> start();
  /// Stops the helper and deletes its traces, without its help. A guest where nothing is left is fine.
  Result<> evict();

 private:
  enum class Start { running, missing, forbidden };
  Result<Start> try_start();
  Result<> push();
  Result<> mount_executable();
  Result<> must(const std::vector<std::string>& argv);

  GuestAccess& agent_;
  const std::string run_, helper_, home_, program_;
  FileDigest digest_;
};

}  // namespace moult::guest
