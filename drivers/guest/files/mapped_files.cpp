#include "drivers/guest/files/mapped_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <future>
#include <memory>
#include <string_view>
#include <thread>

#include "drivers/fd.hpp"

namespace moult::files {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::string read_whole(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[16384];
  for (ssize_t got = 0; fd && (got = ::read(fd.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

std::string with_newlines(std::string_view path) {
  constexpr std::string_view kNewline = "\\012";
  std::string out;
  while (!path.empty()) {
    const bool newline = path.starts_with(kNewline);
    out += newline ? '\n' : path.front();
    path.remove_prefix(newline ? kNewline.size() : 1);
  }
  return out;
}

/// "7f..-7f.. rw-s 00000000 08:02 135522    /path", a path's newlines written as "\012".
void add_shared_writable(std::string_view line, std::vector<MappedFile>& files) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || space + 5 > line.size() || line[space + 2] != 'w' || line[space + 4] != 's')
    return;
  std::uint64_t ino = 0;
  int path_at = 0;
  const std::string text(line);
  if (std::sscanf(text.c_str(), "%*s %*s %*s %*s %" SCNu64 " %n", &ino, &path_at) != 1 || path_at == 0) return;
  const auto path = std::string_view(text).substr(static_cast<std::size_t>(path_at));
  if (path.empty() || path[0] != '/' || ino == 0) return;
  files.push_back({with_newlines(path), ino});
}

bool is_process(const char* name) { return name[0] >= '1' && name[0] <= '9'; }

std::vector<MappedFile> look_at_all() {
  std::vector<MappedFile> files;
  const std::unique_ptr<DIR, CloseDirectory> processes(::opendir("/proc"));
  while (processes) {
    const auto* entry = ::readdir(processes.get());
    if (entry == nullptr) break;
    if (!is_process(entry->d_name)) continue;
    std::string name = "/proc/";
    const auto maps = read_whole(name.append(entry->d_name).append("/maps"));
    std::string_view rest(maps);
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size());
      add_shared_writable(rest.substr(0, end), files);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return files;
}

}  // namespace

std::optional<std::vector<MappedFile>> files_mapped_for_writing(Millis deadline) {
  std::promise<std::vector<MappedFile>> promise;
  auto files = promise.get_future();
  // Nobody can call back a read that waits for another process's memory: its thread is left to end when that process
  // goes on.
  std::thread([answer = std::move(promise)]() mutable { answer.set_value(look_at_all()); }).detach();
  if (files.wait_for(deadline) != std::future_status::ready) return std::nullopt;
  return files.get();
}

}  // namespace moult::files
