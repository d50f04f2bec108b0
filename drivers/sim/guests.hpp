#pragma once

#include "drivers/guest_session.hpp"
#include "drivers/sim/files.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

/// Commands and files in a simulated guest, through the guest agent (`run` is empty) or through a run's helper.
class SimAccess final : public GuestAccess {
 public:
  SimAccess(World& world, MachineRef machine, std::string run)
      : world_(world), machine_(std::move(machine)), run_(std::move(run)) {}
  Result<Outcome> run(const Command& command) override;
  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) override;
  Result<> get(const std::string& path, const ByteSink& sink) override;

 private:
  Result<Domain*> guest();

  World& world_;
  MachineRef machine_;
  std::string run_;
};

/// Nothing listens in a simulated guest, and nothing in it connects.
class SimTunnel final : public GuestTunnel {
 public:
  Result<std::unique_ptr<TunnelListener>> listen(int port) override;
  Result<std::unique_ptr<TunnelEnd>> connect(int port) override;
  Result<StartedCommand> start(const Command& command) override;
  Result<> kill(std::uint64_t number) override;
};

class SimSession final : public GuestSession {
 public:
  SimSession(World& world, const MachineRef& machine, const std::string& run)
      : world_(world), machine_(machine), run_(run), access_(world, machine, run), files_(world, machine, run) {}
  GuestAccess& access() override { return access_; }
  GuestFiles& files() override { return files_; }
  GuestTunnel& tunnel() override { return tunnel_; }
  bool alive(Millis deadline) override;
  Result<> announce() override;
  Result<TcpConnections> connections() override;
  Result<> tickle(const TcpConnections& connections) override;
  Result<> remove() override;

 private:
  World& world_;
  MachineRef machine_;
  std::string run_;
  SimAccess access_;
  SimFiles files_;
  SimTunnel tunnel_;
};

class SimGuests final : public GuestConnector {
 public:
  explicit SimGuests(World& world) : world_(world) {}
  Result<std::unique_ptr<GuestAccess>> agent(const MachineRef& machine) override;
  Result<std::unique_ptr<GuestSession>> session(const std::string& run, const MachineRef& machine,
                                                Millis boot) override;

 private:
  World& world_;
};

}  // namespace moult::sim
