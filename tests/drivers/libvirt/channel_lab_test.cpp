#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "catch.hpp"
#include "lab_world.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPort = "org.moult.channeltest";
// A port without anyone on the host reads as ended, so that an echo has to come back.
constexpr const char* kEcho = "while [ -e /dev/virtio-ports/org.moult.channeltest ]; do cat <&3 >&3; sleep 0.1; done";

// Starts a command in the guest that goes on by itself, on the port as file descriptor 3.
void start_on_port(GuestAccess& guest, const std::string& script) {
  const std::string wait = "i=0; while [ ! -e /dev/virtio-ports/" + std::string(kPort) +
                           " ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; ";
  const std::string opened = wait + "exec 3<>/dev/virtio-ports/" + kPort + "; " + script;
  lab::in_guest(guest, {"sh", "-c", "setsid sh -c \"$1\" </dev/null >/dev/null 2>&1 &", "sh", opened});
}

bool readable(const Fd& fd, Millis deadline) {
  pollfd watched{fd.get(), POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(deadline.count())) == 1;
}

std::string read_exactly(const Fd& fd, std::size_t size) {
  std::string got(size, '\0');
  std::size_t have = 0;
  while (have < size && readable(fd, 20s)) {
    const auto part = ::read(fd.get(), got.data() + have, size - have);
    if (part <= 0) break;
    have += static_cast<std::size_t>(part);
  }
  got.resize(have);
  return got;
}

bool write_all(const Fd& fd, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto part = ::send(fd.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (part <= 0) return false;
    sent += static_cast<std::size_t>(part);
  }
  return true;
}

bool ended(const Fd& fd) {
  char byte = 0;
  return readable(fd, 10s) && ::read(fd.get(), &byte, 1) <= 0;
}

struct Plugged {
  LibvirtParts parts;
  std::unique_ptr<GuestAccess> guest;
  Plugged() {
    lab::require_lab();
    guest = lab::guest(parts, lab::original());
    lab::must(parts.channels().detach(lab::original(), kPort));  // a killed test's
    lab::report(
        "plug a channel",
        static_cast<double>(lab::time_of([&] { lab::must(parts.channels().attach(lab::original(), kPort)); }).count()),
        "ms");
  }
  ~Plugged() {
    const auto gone = parts.channels().detach(lab::original(), kPort);
    if (!gone) WARN(gone.error().describe());
  }
};

}  // namespace

TEST_CASE("a port is plugged into a running machine, echoes, and is gone after detach", "[lab]") {
  Plugged plugged;
  lab::must(plugged.parts.channels().attach(lab::original(), kPort));
  start_on_port(*plugged.guest, kEcho);
  Fd fd;
  lab::report("open a channel",
              static_cast<double>(
                  lab::time_of([&] { fd = lab::must(plugged.parts.channels().open(lab::original(), kPort)); }).count()),
              "ms");
  REQUIRE(write_all(fd, "hello"));
  CHECK(read_exactly(fd, 5) == "hello");
  lab::must(plugged.parts.channels().detach(lab::original(), kPort));
  CHECK(ended(fd));
  lab::must(plugged.parts.channels().detach(lab::original(), kPort));
  CHECK(lab::virsh({"dumpxml", lab::original().domain}).find(kPort) == std::string::npos);
}

TEST_CASE("opening a port anew ends the earlier stream and serves the new one", "[lab]") {
  Plugged plugged;
  const Fd first = lab::must(plugged.parts.channels().open(lab::original(), kPort));
  start_on_port(*plugged.guest, kEcho);
  REQUIRE(write_all(first, "one"));
  CHECK(read_exactly(first, 3) == "one");
  const Fd second = lab::must(plugged.parts.channels().open(lab::original(), kPort));
  CHECK(ended(first));
  REQUIRE(write_all(second, "two"));
  CHECK(read_exactly(second, 3) == "two");
}

TEST_CASE("many bytes cross a channel both ways, whole", "[lab]") {
  Plugged plugged;
  constexpr std::size_t kSize = std::size_t{32} << 20U;
  const Fd fd = lab::must(plugged.parts.channels().open(lab::original(), kPort));
  start_on_port(*plugged.guest,
                "dd if=/dev/zero bs=64k count=512 >&3; dd bs=64k iflag=fullblock count=512 <&3 >/dev/null; echo done "
                ">&3; cat <&3 >&3");
  REQUIRE(readable(fd, 20s));
  std::string got;
  const auto out = lab::time_of([&] { got = read_exactly(fd, kSize); });
  CHECK(got == std::string(kSize, '\0'));
  lab::report("channel, guest to host", 33554.432 / static_cast<double>(out.count()), "MB/s");
  const auto in = lab::time_of([&] {
    REQUIRE(write_all(fd, got));
    CHECK(read_exactly(fd, 5) == "done\n");
  });
  lab::report("channel, host to guest", 33554.432 / static_cast<double>(in.count()), "MB/s");
  std::string sample(100000, '\0');
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<char>((i * 2654435761U) >> 13U);
  REQUIRE(write_all(fd, sample));
  CHECK(read_exactly(fd, sample.size()) == sample);
}

TEST_CASE("an owner that does not read stops the guest's bytes and loses none", "[lab]") {
  Plugged plugged;
  const Fd fd = lab::must(plugged.parts.channels().open(lab::original(), kPort));
  start_on_port(*plugged.guest, "dd if=/dev/zero bs=64k count=512 >&3; echo end >&3; sleep 1");
  REQUIRE(readable(fd, 20s));
  std::this_thread::sleep_for(2s);
  CHECK(read_exactly(fd, 33554432 + 4).substr(33554432) == "end\n");
}
