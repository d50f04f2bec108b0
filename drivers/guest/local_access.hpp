#pragma once

#include <memory>

#include "drivers/guest_access.hpp"

namespace moult::guest {

/// Commands and files of the machine that this process runs in: what the helper offers in a guest, and what tests use
/// for one. Commands start in a session of their own, with signals, umask, working directory and OOM score as if from
/// init.
class LocalAccess : public GuestAccess {
 public:
  LocalAccess();
  ~LocalAccess() override;  ///< kills what still runs
  Result<Outcome> run(const Command& command) override;
  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) override;
  Result<> get(const std::string& path, const ByteSink& sink) override;
  /// Kills every command that still runs, with all that it started; later ones are refused.
  void stop();

 private:
  class Running;
  std::unique_ptr<Running> running_;
};

}  // namespace moult::guest
