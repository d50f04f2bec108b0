#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "drivers/guest/local/spawn.hpp"

namespace moult::guest {
namespace {

constexpr int kPasses = 16;  // a process may fork while it is looked for

std::string read_small(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(128U << 10, '\0');
  std::size_t size = 0;
  while (fd && size < text.size()) {
    const auto count = ::read(fd.get(), &text[size], text.size() - size);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

/// Does the process carry the mark, as one whole variable? Kernel threads and zombies carry none.
bool carries(pid_t pid, const std::string& mark) {
  const auto environment = '\0' + read_small("/proc/" + std::to_string(pid) + "/environ");
  return environment.find('\0' + mark + '\0') != std::string::npos;
}

/// Kills whoever carries the mark; how many there were.
int kill_marked(const std::string& mark) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  if (!processes) return 0;
  int killed = 0;
  while (const auto* entry = ::readdir(processes.get())) {
    const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid > 1 && carries(pid, mark) && ::kill(pid, SIGKILL) == 0) ++killed;
  }
  return killed;
}

}  // namespace

void kill_tree(const Child& child) {
  if (child.pid > 1) ::kill(-child.pid, SIGKILL);
  for (int pass = 0; pass < kPasses && kill_marked(child.mark) > 0; ++pass) {
  }
}

}  // namespace moult::guest
