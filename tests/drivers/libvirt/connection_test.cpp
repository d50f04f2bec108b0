#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "drivers/libvirt/platform_parts.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

/// A host that accepts connections and never says a word.
struct SilentHost {
  Fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string uri;
  SilentHost() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener.get(), 8) == 0);
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    uri = "qemu+tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/system";
  }
};

// libvirt's own make-believe hypervisor: one running domain named "test".
MachineRef pretend(const std::string& domain) { return {"one", "test:///default", domain}; }

}  // namespace

TEST_CASE("a host that accepts and never answers is unreachable within seconds, for many callers at once") {
  const SilentHost host;
  LibvirtParts parts;
  const auto from = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    const auto facts = parts.lifecycle().inspect({"app", host.uri, "x"});
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == Code::unreachable);
    CHECK(facts.error().message.find(host.uri) != std::string::npos);
    CHECK_FALSE(facts.error().remedy.empty());
  }
  CHECK(std::chrono::steady_clock::now() - from < 10s);
}

TEST_CASE("a host without libvirtd is unreachable, with a remedy") {
  LibvirtParts parts;
  const auto facts = parts.lifecycle().inspect({"app", "qemu+unix:///system?socket=/nonexistent/sock", "x"});
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == Code::unreachable);
  CHECK(facts.error().remedy.find("libvirtd") != std::string::npos);
}

TEST_CASE("a domain that does not exist is absent, and cannot be started") {
  LibvirtParts parts;
  const auto facts = parts.lifecycle().inspect(pretend("nobody"));
  REQUIRE(facts);
  CHECK(facts->state == PowerState::absent);
  const auto started = parts.lifecycle().start(pretend("nobody"));
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Code::not_found);
  CHECK(parts.lifecycle().stop(pretend("nobody"), 0ms));
}

TEST_CASE("a machine is stopped and started, twice each") {
  LibvirtParts parts;
  auto& lifecycle = parts.lifecycle();
  CHECK(lifecycle.inspect(pretend("test"))->state == PowerState::running);
  REQUIRE(lifecycle.stop(pretend("test"), 0ms));
  REQUIRE(lifecycle.stop(pretend("test"), 0ms));
  CHECK(lifecycle.inspect(pretend("test"))->state == PowerState::off);
  REQUIRE(lifecycle.start(pretend("test")));
  REQUIRE(lifecycle.start(pretend("test")));
  CHECK(lifecycle.inspect(pretend("test"))->state == PowerState::running);
}

TEST_CASE("a hypervisor without a guest agent says so at once, however long one would wait") {
  LibvirtParts parts;
  const auto from = std::chrono::steady_clock::now();
  const auto agent = parts.agent(pretend("test"), 5s);
  CHECK_FALSE(agent);
  CHECK(std::chrono::steady_clock::now() - from < 10s);
}

TEST_CASE("the guest of a host that cannot be reached is not waited for as for one that boots") {
  LibvirtParts parts;
  const auto from = std::chrono::steady_clock::now();
  const auto agent = parts.agent({"app", "qemu+unix:///system?socket=/nonexistent/sock", "x"}, 5min);
  REQUIRE_FALSE(agent);
  CHECK(agent.error().code == Code::unreachable);
  CHECK(agent.error().disposition == Disposition::fail);  // who revives a helper would ask again for as long as a boot
  CHECK(std::chrono::steady_clock::now() - from < 10s);
}
