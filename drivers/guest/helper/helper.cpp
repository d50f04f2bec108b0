#include "drivers/guest/helper/helper.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "drivers/guest/announce.hpp"
#include "drivers/guest/files/local_files.hpp"
#include "drivers/guest/helper/port.hpp"
#include "drivers/guest/tcp_connections.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kCheckIdle = 60s;       // how often a helper without calls looks at the clock
constexpr auto kPortComesUp = 100ms;   // how often a port that is not plugged in is looked for
constexpr auto kHostComesBack = 20ms;  // how often a port without a host is tried
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kStackBytes = 8U << 20;  // the sanitizer keeps its own things there
#else
constexpr std::size_t kStackBytes = 512U << 10;
#endif

std::string boot_id() {
  const Fd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 36> text{};
  const auto count = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

Peer self_of(const Options& options) { return {options.run, boot_id(), std::to_string(fresh_nonce())}; }

std::unique_ptr<GuestFiles> files_in(const std::string& home) {
  LocalFilesOptions options;
  options.work_dir = home;
  return make_local_files(options);
}

/// Before any thread starts: signals go to the one that waits for them, and stacks are small.
bool prepare_threads() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (const int signal : {SIGPIPE, SIGHUP}) ::signal(signal, SIG_IGN);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  return ::pthread_setattr_default_np(&attributes) == 0;
}

}  // namespace

Helper::Helper(const Options& options, Home& home, Legacy& legacy)
    : options_(options),
      home_(home),
      legacy_(legacy),
      files_((static_cast<void>(prepare_threads()), files_in(home.path()))),
      service_{access_, *files_, announce_addresses, tcp_connections, guest::tickle, [this] { return clean_up(); },
               &legacy_},
      server_(service_, self_of(options)),
      last_client_(steady_clock::now()),
      signals_([this] { watch_signals(); }) {}

Helper::~Helper() {
  server_.stop();
  access_.stop();
  static_cast<void>(files_->thaw());
  legacy_.frozen = false;
  ::pthread_kill(signals_.native_handle(), SIGUSR1);
  signals_.join();
}

void Helper::watch_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&signals, signal);
  int signal = 0;
  ::sigwait(&signals, &signal);
  if (signal == SIGUSR1) return;
  access_.stop();
  static_cast<void>(files_->thaw());
  server_.stop();
}

Result<> Helper::clean_up() {
  access_.stop();
  auto thawed = files_->thaw();
  auto stopped = files_->stop_capture();
  if (options_.fd < 0) MOULT_TRY(home_.erase());
  if (!thawed) return pass(std::move(thawed), "thaw");
  return stopped;
}

bool Helper::idle_too_long() const { return steady_clock::now() - last_client_ > options_.idle; }

void Helper::serve_port() {
  while (!server_.stopped() && !idle_too_long()) {
    if (auto port = open_port(options_.port))
      serve_open_port(std::move(port));
    else
      std::this_thread::sleep_for(kPortComesUp);
  }
  // Whoever began the run is not coming back: leave nothing.
  if (!server_.stopped()) static_cast<void>(clean_up());
}

void Helper::serve_open_port(Fd port) {
  Wire wire(std::move(port));
  while (!idle_too_long()) {
    const auto end = server_.serve(wire, kCheckIdle);
    if (server_.had_client()) last_client_ = steady_clock::now();
    if (end == Server::End::stopped) return;
    if (end == Server::End::idle) continue;
    if (!plugged_in(wire.fd(), options_.port)) return;
    std::this_thread::sleep_for(kHostComesBack);
  }
}

void Helper::serve_socket(Fd fd) {
  Wire wire(std::move(fd));
  while (server_.serve(wire, kCheckIdle) == Server::End::idle) {
  }
}

}  // namespace moult::guest
