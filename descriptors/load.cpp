#include "descriptors/load.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "descriptors/base/text.hpp"
#include "descriptors/parse/descriptor.hpp"
#include "descriptors/yaml/document.hpp"

namespace moult {
namespace {

struct FileBytes {
  std::string bytes;
  std::string problem;  ///< empty: the bytes are good
};

/// At most one byte more than a descriptor may have, so that a larger file is seen to be one and is not read whole.
std::string read_up_to_limit(int fd, std::string& bytes) {
  bytes.resize(yaml::Limits{}.bytes + 1);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::string("cannot be read: ") + std::strerror(errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return {};
}

FileBytes read_file(const std::string& path) {
  FileBytes file;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    file.problem = std::string("cannot be opened: ") + std::strerror(errno);
    return file;
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    file.problem = "is not a regular file";
  else
    file.problem = read_up_to_limit(fd, file.bytes);
  ::close(fd);
  return file;
}

template <typename Descriptor, typename Parse>
Loaded<Descriptor> load(const std::string& path, Parse from_bytes) {
  const auto file = read_file(path);
  if (file.problem.empty()) return from_bytes(file.bytes, path);
  Loaded<Descriptor> loaded;
  loaded.value.source = path;
  loaded.findings.push_back({{path, 1, 1}, "", "the file " + file.problem, ""});
  return loaded;
}

}  // namespace

std::string Finding::text() const {
  std::string text = at.text() + ": ";
  if (!path.empty()) text += path + ": ";
  text += printable(message, message.size() + 1);
  if (!hint.empty()) text += " (did you mean " + printable(hint) + "?)";
  return text;
}

Loaded<ApplianceDescriptor> load_appliance(const std::string& path) {
  return load<ApplianceDescriptor>(path, parse::appliance_from_bytes);
}

Loaded<MaintenanceDescriptor> load_maintenance(const std::string& path) {
  return load<MaintenanceDescriptor>(path, parse::maintenance_from_bytes);
}

std::variant<Loaded<ApplianceDescriptor>, Loaded<MaintenanceDescriptor>> load_any(const std::string& path) {
  const auto file = read_file(path);
  if (!file.problem.empty()) return load_appliance(path);
  const auto document = yaml::read_document(file.bytes);
  const auto kind = document.root ? parse::kind_of(*document.root) : std::string();
  if (kind.starts_with("maintenance/")) return parse::maintenance_from_bytes(file.bytes, path);
  if (kind.starts_with("appliance/")) return parse::appliance_from_bytes(file.bytes, path);
  return parse::neither_kind(file.bytes, path);
}

Error as_error(const std::vector<Finding>& findings) {
  Error error{Code::invalid, {}, "correct the descriptor where it says; moult validate FILE checks it alone", {}};
  for (const auto& finding : findings) error.message += (error.message.empty() ? "" : "\n") + finding.text();
  return error;
}

}  // namespace moult
