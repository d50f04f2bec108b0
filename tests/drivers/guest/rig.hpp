#pragma once

#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/local_access.hpp"
#include "fake_files.hpp"
#include "fake_port.hpp"

namespace moult::test {

inline TcpConnections sample_connections() {
  return {{"192.0.2.9", "192.0.2.1", 8080, 40000}, {"2001:db8::9", "2001:db8::1", 443, 65535}};
}

/// A session against a server in this process, over a port that can be hung up.
struct Rig {
  explicit Rig(std::string expected_run = "run-1", Millis silence = Millis(20'000))
      : session(guest::Route{[this] { return port.open(); }, {}}, options(std::move(expected_run), silence)) {}
  ~Rig() { local.stop(); }

  static guest::SessionOptions options(std::string run, Millis silence) {
    guest::SessionOptions options;
    options.run = std::move(run);
    options.silence = silence;
    return options;
  }

  guest::LocalAccess local;
  FakeFiles fake;
  unsigned announced = 0, removed = 0;
  TcpConnections tickled;
  guest::Service service{local,
                         fake,
                         [this]() -> Result<> { return ++announced, Result<>(); },
                         [] { return Result<TcpConnections>(sample_connections()); },
                         [this](const TcpConnections& these) -> Result<> { return tickled = these, Result<>(); },
                         [this]() -> Result<> { return ++removed, Result<>(); }};
  FakePort port;
  ServedPort served{service, port};
  guest::RemoteSession session;
};

inline Command command_of(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = Millis(60'000);
  return command;
}

}  // namespace moult::test
