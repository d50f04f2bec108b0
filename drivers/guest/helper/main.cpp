// moult-helper: a run's hand inside a guest. Pushed by moult, started by the guest agent, gone at the run's end.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <new>

#include "descriptors/base/digest.hpp"
#include "drivers/guest/files/quick_grace.hpp"
#include "drivers/guest/helper/daemon.hpp"
#include "drivers/guest/helper/helper.hpp"
#include "drivers/guest/helper/port.hpp"
#include "drivers/guest/helper/thaw_all.hpp"

namespace moult::guest {
namespace {

Result<> verify_self(const Options& options) {
  if (options.sha256.empty()) return {};
  MOULT_ASSIGN(const auto self, digest_file("/proc/self/exe"));
  if (self.sha256 != options.sha256) return fail(Code::mismatch, "this program is not the one that was sent");
  return {};
}

/// In the name of a helper that could not: its client need not find out by the silence. Best effort; where the death
/// cut a frame off, the silence remains.
void say_goodbye(const std::string& port, const Legacy& legacy) {
  const Token token{legacy.head, legacy.tail};
  if (token.head == 0) return;
  Wire wire(open_port(port));
  Outlet(wire, token).send({Kind::bye, 0, 0, {}}, after(std::chrono::seconds(1)));
}

Result<> start_daemon(const Options& options) {
  Home home(options.home());
  MOULT_ASSIGN(const bool mine, home.take());
  if (!mine) return {};  // the run's helper is here already
  void* page = ::mmap(nullptr, sizeof(Legacy), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail(Code::io, "no memory to share with the watcher");
  auto& legacy = *new (page) Legacy;
  const bool hasty_before = files::QuickGrace::in_force();
  const auto serve = [&](const std::function<void()>& ready) {
    if (!home.sign(::getpid())) return 1;
    Helper helper(options, home, legacy);
    ready();
    helper.serve_port();
    return 0;
  };
  return run_daemon(serve, [&] {
    if (legacy.frozen) {
      thaw_all();
      if (!hasty_before) files::QuickGrace::end();
    }
    say_goodbye(options.port, legacy);
  });
}

Result<> act(const Options& options) {
  MOULT_TRY(verify_self(options));
  Home home(options.home());
  if (options.remove) return home.evict();
  if (!options.port.empty()) return start_daemon(options);
  Legacy legacy;
  Helper(options, home, legacy).serve_socket(Fd(options.fd));
  return {};
}

int report(const Error& error) {
  std::fprintf(stderr, "moult-helper: %s\n", error.describe().c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  %s\n", error.remedy.c_str());
  return exit_code_of(error.code);
}

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) return report(options.error());
  const auto done = act(*options);
  return done ? 0 : report(done.error());
}

}  // namespace
}  // namespace moult::guest

int main(int argc, char** argv) { return moult::guest::run(argc, argv); }
