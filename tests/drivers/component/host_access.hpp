#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "descriptors/maintenance.hpp"
#include "drivers/guest_access.hpp"
#include "logical_clock.hpp"

namespace moult::test {

/// A directory that is gone at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string path(const std::string& name = {}) const {
    return name.empty() ? root_ : root_ + "/" + name;
  }
  /// Writes a file below, its directories too; returns its path.
  std::string write(const std::string& name, const std::string& content) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }

 private:
  std::string root_;
};

/// A guest that is this host: real commands on real files, with three exceptions: dpkg works on a root of its own,
/// systemctl is only noted, and answers may be given beforehand. Every command is noted.
class HostAccess final : public GuestAccess {
 public:
  explicit HostAccess(const Scratch& scratch) : dpkg_root_(scratch.path("dpkg")) {}
  Result<Outcome> run(const Command& command) override;
  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) override;
  Result<> get(const std::string& path, const ByteSink& sink) override;

  std::deque<Outcome> answers;  ///< the next commands' outcomes; none left: they are run
  std::vector<std::vector<std::string>> ran;
  std::vector<Command> commands;
  LogicalClock clock;  ///< what drivers pause by

 private:
  std::string dpkg_root_;
};

/// A descriptor with one component and the payload files named, as they lie in the scratch directory.
[[nodiscard]] MaintenanceDescriptor descriptor_with(const Scratch& scratch, Component component,
                                                    const std::vector<std::string>& payload);

/// Runs a command on the host that the test needs; fails the test when it fails.
std::string shell_out(const std::vector<std::string>& argv);

}  // namespace moult::test
