#include "drivers/guest/files/held_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
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
using Directory = std::unique_ptr<DIR, CloseDirectory>;

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
void add_shared_writable(std::string_view line, std::vector<HeldFile>& files) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || space + 5 > line.size() || line[space + 2] != 'w' || line[space + 4] != 's')
    return;
  std::uint64_t ino = 0;
  int path_at = 0;
  const std::string text(line);
  if (std::sscanf(text.c_str(), "%*s %*s %*s %*s %" SCNu64 " %n", &ino, &path_at) != 1 || path_at == 0) return;
  const auto path = std::string_view(text).substr(static_cast<std::size_t>(path_at));
  if (path.empty() || path[0] != '/' || ino == 0) return;
  files.push_back({with_newlines(path), ino, true});
}

void add_mapped(const std::string& process, std::vector<HeldFile>& files) {
  const auto maps = read_whole(process + "/maps");
  std::string_view rest(maps);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    add_shared_writable(rest.substr(0, end), files);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

std::string link_at(int directory, const char* name) {
  char path[4097];
  const auto size = ::readlinkat(directory, name, path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

/// A link in /proc/PID/fd has the descriptor's own rights: it is writable where the descriptor is.
void add_open(const std::string& process, std::vector<HeldFile>& files) {
  const Directory descriptors(::opendir((process + "/fd").c_str()));
  if (!descriptors) return;
  const int fd = ::dirfd(descriptors.get());
  while (const auto* entry = ::readdir(descriptors.get())) {
    struct stat link {
    }, file{};
    if (::fstatat(fd, entry->d_name, &link, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(link.st_mode)) continue;
    if ((link.st_mode & S_IWUSR) == 0 || ::fstatat(fd, entry->d_name, &file, 0) != 0 || !S_ISREG(file.st_mode))
      continue;
    files.push_back({link_at(fd, entry->d_name), file.st_ino, false});
  }
}

/// Calls `visit` with the path of each entry of a directory whose name begins with one of these characters.
template <typename Visit>
void each_entry(const std::string& directory, std::string_view first, Visit visit) {
  const Directory entries(::opendir(directory.c_str()));
  while (const auto* entry = entries ? ::readdir(entries.get()) : nullptr)
    if (first.find(entry->d_name[0]) != std::string_view::npos) visit(directory + "/" + entry->d_name);
}

std::vector<HeldFile> look_at_all() {
  std::vector<HeldFile> files;
  each_entry("/proc", "123456789", [&](const std::string& process) {
    add_open(process, files);
    add_mapped(process, files);
  });
  each_entry("/sys/block", "l", [&](const std::string& device) {
    auto path = read_whole(device + "/loop/backing_file");
    if (path.empty()) return;
    if (path.back() == '\n') path.pop_back();
    files.push_back({std::move(path), 0, false});
  });
  return files;
}

}  // namespace

std::optional<std::vector<HeldFile>> files_held_for_writing(Millis deadline) {
  std::promise<std::vector<HeldFile>> promise;
  auto files = promise.get_future();
  // Nobody can call back a read that waits for another process's memory: its thread is left to end when that process
  // goes on.
  std::thread([answer = std::move(promise)]() mutable { answer.set_value(look_at_all()); }).detach();
  if (files.wait_for(deadline) != std::future_status::ready) return std::nullopt;
  return files.get();
}

}  // namespace moult::files
