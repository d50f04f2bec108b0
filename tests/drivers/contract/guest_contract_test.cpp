// The contract suite on this machine itself: what the helper offers, and the same over the helper's protocol.
#include <thread>

#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/files/local_files.hpp"
#include "drivers/guest/local_access.hpp"
#include "drivers/guest/tcp_connections.hpp"
#include "support/sandbox.hpp"
#include "tests/drivers/contract/guest_access_contract.hpp"
#include "tests/drivers/contract/guest_files_contract.hpp"
#include "tests/drivers/guest/fake_port.hpp"

using namespace moult;
using test::Sandbox;

namespace {

void sleep_for(Millis time) { std::this_thread::sleep_for(time); }

/// A helper's server in this process and a session to it.
struct Remote {
  static Result<> nothing() { return {}; }
  static guest::SessionOptions options() {
    guest::SessionOptions options;
    options.run = "run-1";
    return options;
  }
  ~Remote() { local.stop(); }

  guest::LocalAccess local;
  std::unique_ptr<GuestFiles> files = make_local_files();
  guest::Service service{local, *files, nothing, guest::tcp_connections, guest::tickle, nothing};
  test::FakePort port;
  test::ServedPort served{service, port};
  guest::RemoteSession session{guest::Route{[this] { return port.open(); }, {}}, options()};
};

}  // namespace

TEST_CASE("a machine's own access keeps the contract of GuestAccess") {
  const auto folder = Sandbox::get().directory("access");
  guest::LocalAccess access;
  contract::guest_access_contract({access, folder});
}

TEST_CASE("access over the helper's protocol keeps the contract of GuestAccess") {
  const auto folder = Sandbox::get().directory("access");
  Remote remote;
  contract::guest_access_contract({remote.session.access(), folder});
}

TEST_CASE("a machine's own files keep the contract of GuestFiles") {
  contract::guest_files_contract([](const std::string& name, const auto& promise) {
    INFO(name);
    const auto from = Sandbox::get().ext4(name + "-from", 16), to = Sandbox::get().ext4(name + "-to", 16);
    guest::LocalAccess access;
    const auto source = make_local_files(), target = make_local_files();
    promise({{*source, access, from + "/set"}, {*target, access, to + "/set"}, name, sleep_for});
  });
}

TEST_CASE("files over the helper's protocol keep the contract of GuestFiles") {
  contract::guest_files_contract([](const std::string& name, const auto& promise) {
    INFO(name);
    const auto from = Sandbox::get().ext4(name + "-from", 16), to = Sandbox::get().ext4(name + "-to", 16);
    Remote source, target;
    promise({{source.session.files(), source.session.access(), from + "/set"},
             {target.session.files(), target.session.access(), to + "/set"},
             name,
             sleep_for,
             true,
             false});
  });
}
