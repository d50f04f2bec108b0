#include "orchestrator/store/state_dir.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "orchestrator/store/small_file.hpp"

namespace moult {

std::string state_dir_default() {
  if (::geteuid() == 0) return "/var/lib/moult";
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return std::string(state) + "/moult";  // XDG: a relative path is ignored
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.local/state/moult";
}

Result<> make_private_directory(const std::string& given) {
  auto path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();  // else it would be its own parent
  const auto parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return file_error(error.value(), "cannot create", parent.string());
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return file_error(errno, "cannot create", path);
  if (std::filesystem::is_directory(path, error)) return {};
  return fail(Code::refused, path + " is not a directory", "Name another place with --state.");
}

}  // namespace moult
