// Measures what a session costs over a socket: latency of a command, content both ways, against the bare channel.
//   bench_guest [MEGABYTES]
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

#include "rig.hpp"

using namespace moult;
using namespace moult::test;

namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

ByteSource zeros(std::uint64_t size) {
  return [left = size](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const auto count = std::min<std::uint64_t>(left, into.size());
    left -= count;
    return static_cast<std::size_t>(count);
  };
}

void must(const Result<>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().describe().c_str());
  std::exit(1);
}

/// The same number of bytes through the same port, without a protocol.
double bare(std::uint64_t size) {
  FakePort port;
  const auto guest_end = port.guest_end();
  const auto host = port.open();
  std::thread writer([&] {
    std::vector<char> chunk(128U << 10);
    for (std::uint64_t sent = 0; sent < size;) {
      const auto count = ::write(guest_end.get(), chunk.data(), std::min<std::uint64_t>(chunk.size(), size - sent));
      if (count > 0) sent += static_cast<std::uint64_t>(count);
    }
  });
  std::vector<char> chunk(128U << 10);
  const auto took = seconds_of([&] {
    for (std::uint64_t got = 0; got < size;)
      got += static_cast<std::uint64_t>(std::max<ssize_t>(0, ::read(host->get(), chunk.data(), chunk.size())));
  });
  writer.join();
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const double megabytes = argc > 1 ? std::atof(argv[1]) : 500;
  const auto size = static_cast<std::uint64_t>(megabytes * 1e6);
  Rig rig;
  const std::string path = "/dev/shm/moult-bench";
  must(rig.session.connect(Millis(5'000)));
  constexpr int rounds = 200;
  const auto runs = seconds_of([&] {
    for (int i = 0; i < rounds; ++i) must(rig.session.access().run(command_of({"/bin/true"})).map([](auto&&) {}));
  });
  const auto asks = seconds_of([&] {
    for (int i = 0; i < rounds; ++i) must(rig.session.files().digest("x").map([](auto&&) {}));
  });
  rig.fake.records.assign(size, 'r');  // only now: starting a program is dearer for a large process
  const auto put = seconds_of([&] { must(rig.session.access().put(path, 0600, zeros(size))); });
  const auto get = seconds_of([&] { must(rig.session.access().get(path, [](Bytes) -> Result<> { return {}; })); });
  const auto emit = seconds_of([&] { must(rig.session.files().manifest("x", [](Bytes) -> Result<> { return {}; })); });
  std::remove(path.c_str());
  std::printf(
      "bare channel %.0f MB/s, records %.0f MB/s, put %.0f MB/s, get %.0f MB/s, call %.3f ms, command %.2f ms\n",
      megabytes / bare(size), megabytes / emit, megabytes / put, megabytes / get, asks * 1000 / rounds,
      runs * 1000 / rounds);
}
