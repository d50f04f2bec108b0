#pragma once

#include <mutex>
#include <string>

#include "drivers/fd.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

/// Keeps a world in a file, so that several processes act on the same one: each call locks the file, reads it when
/// another process wrote it since, and writes it back whole. Also makes the world safe for the threads of one process.
class WorldFile final : public Doorkeeper {
 public:
  WorldFile(std::string path, World& world) : path_(std::move(path)), world_(world) {}
  Result<> open() override;
  void close() override;
  void pause(Time by) override;
  /// Begins to keep the door: joins the world that the file holds, or writes the new one there. Error: invalid, io.
  Result<> begin();

 private:
  Result<> read_if_newer();
  Result<> write();

  std::string path_;
  World& world_;
  std::recursive_mutex mutex_;
  int depth_ = 0;
  Fd lock_;
  std::string seen_;  ///< identifies the version that the world is at
};

}  // namespace moult::sim
