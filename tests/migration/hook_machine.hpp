#pragma once

#include <deque>
#include <functional>
#include <string>

#include "drivers/guest/local_access.hpp"
#include "drivers/guest_session.hpp"
#include "migration/hook_side.hpp"

namespace moult::test {

/// A guest that is a directory of this host, with real commands: what begins with "/@/" lies below it, and the sample
/// `ledger` keeps its data there.
class HookMachine final : public GuestSession, public GuestAccess {
 public:
  HookMachine();
  ~HookMachine() override;
  GuestAccess& access() override { return *this; }
  GuestFiles& files() override;
  GuestTunnel& tunnel() override;
  bool alive(Millis) override { return true; }
  Result<> announce() override { return {}; }
  Result<TcpConnections> connections() override { return TcpConnections(); }
  Result<> tickle(const TcpConnections&) override { return {}; }
  Result<> remove() override { return {}; }

  Result<Outcome> run(const Command& command) override;
  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) override;
  Result<> get(const std::string& path, const ByteSink& sink) override;

  [[nodiscard]] std::string root() const { return root_; }
  /// Runs the sample itself, as a client would; the exit code. `patience` in milliseconds.
  int ledger(const std::vector<std::string>& words, Millis patience = std::chrono::seconds{20});
  /// What is in the ledger.
  std::string content();
  [[nodiscard]] bool has(const std::string& path) const;

  std::function<Result<Outcome>(const Command&, Result<Outcome>)> tamper;  ///< with an answer, on its way back
  std::vector<Command> ran;
  GuestTunnel* tunnels = nullptr;
  bool timeless = false;  ///< its helper died, and the time limits of commands with it

 private:
  [[nodiscard]] std::string here(const std::string& path) const;
  std::string root_;
  guest::LocalAccess local_;
};

/// The sample's set, as its descriptor has it.
[[nodiscard]] HookSet ledger_set();

}  // namespace moult::test
