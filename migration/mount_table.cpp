#include "migration/mount_table.hpp"

#include <cstdlib>
#include <sstream>

namespace moult {
namespace {

/// Undoes "\040" and the like, as the kernel writes spaces in its table of mounts.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size();
    out += escaped ? static_cast<char>(std::strtoul(text.substr(i + 1, 3).c_str(), nullptr, 8)) : text[i];
    if (escaped) i += 3;
  }
  return out;
}

/// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue", see proc(5).
bool read(const std::string& line, Mount& mount) {
  std::istringstream in(line);
  std::string id, parent, options, field;
  if (!(in >> id >> parent >> mount.device >> mount.root >> mount.point >> options)) return false;
  while (in >> field && field != "-") {
  }
  if (!(in >> mount.type >> mount.source)) return false;
  for (auto* text : {&mount.root, &mount.point, &mount.source}) *text = unescaped(*text);
  return true;
}

}  // namespace

bool is_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return path.size() > 1;
  return path.size() > directory.size() && path[directory.size()] == '/' && path.starts_with(directory);
}

std::string path_in(const std::string& path, const std::string& directory) {
  return path.substr(directory == "/" ? 1 : directory.size() + 1);
}

bool overlap(const Place& one, const Place& other) {
  return one.device == other.device &&
         (one.path == other.path || is_below(one.path, other.path) || is_below(other.path, one.path));
}

Place place_of(const Mount& holder, const std::string& directory) {
  if (directory == holder.point) return {holder.device, holder.root, holder.source};
  const auto inside = path_in(directory, holder.point);
  return {holder.device, (holder.root == "/" ? "" : holder.root) + "/" + inside, holder.source};
}

Result<std::vector<std::string>> real_paths(GuestAccess& guest, const std::vector<std::string>& paths) {
  std::vector<std::string> real;
  if (paths.empty()) return real;
  Command command;
  command.argv = {"realpath", "-m", "-z", "--"};
  command.argv.insert(command.argv.end(), paths.begin(), paths.end());
  command.timeout = std::chrono::seconds{30};
  MOULT_ASSIGN(const auto found, guest.run(command));
  std::istringstream out(found.out);
  for (std::string path; std::getline(out, path, '\0');) real.push_back(path);
  if (!found.good() || found.truncated || real.size() != paths.size())
    return fail(Code::failed, "the machine does not say where its data sets lie: " + found.err.substr(0, 200),
                "Install coreutils, whose `realpath` answers, in the machine.");
  return real;
}

Result<MountTable> MountTable::of(GuestAccess& guest) {
  Command command;
  command.argv = {"cat", "/proc/self/mountinfo"};
  command.timeout = std::chrono::seconds{30};
  MOULT_ASSIGN(const auto told, guest.run(command));
  if (!told.good() || told.truncated)
    return fail(Code::failed, "the machine does not show its table of mounts: " + told.err.substr(0, 200),
                "Mount /proc in the machine.");
  MountTable table;
  std::istringstream lines(told.out);
  for (std::string line; std::getline(lines, line);) {
    Mount mount;
    if (read(line, mount)) table.mounts_.push_back(std::move(mount));
  }
  return table;
}

const Mount* MountTable::holder_of(const std::string& directory) const {
  const Mount* best = nullptr;
  for (const auto& mount : mounts_)
    if ((mount.point == directory || is_below(directory, mount.point)) &&
        (best == nullptr || mount.point.size() >= best->point.size()))
      best = &mount;
  return best;
}

std::vector<const Mount*> MountTable::seen_below(const std::string& directory) const {
  std::vector<const Mount*> seen;
  for (const auto& mount : mounts_)
    if (is_below(mount.point, directory) && holder_of(mount.point) == &mount) seen.push_back(&mount);
  return seen;
}

const Mount* MountTable::of_device_in(const std::string& device, const std::string& directory) const {
  for (const auto& mount : mounts_)
    if (mount.device == device && (mount.point == directory || is_below(mount.point, directory))) return &mount;
  return nullptr;
}

}  // namespace moult
