#include "drivers/guest/helper/port.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace moult::guest {
namespace {

constexpr const char* kPorts = "/sys/class/virtio-ports";

std::string first_line(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> text{};
  const auto count = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  const std::string all(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  return all.substr(0, all.find('\n'));
}

}  // namespace

std::optional<std::string> find_port(const std::string& name) {
  const std::unique_ptr<DIR, int (*)(DIR*)> ports(::opendir(kPorts), ::closedir);
  while (const auto* port = ports ? ::readdir(ports.get()) : nullptr) {
    if (port->d_name[0] == '.' || first_line(std::string(kPorts) + "/" + port->d_name + "/name") != name) continue;
    const auto device = std::string("/dev/") + port->d_name;
    if (::access(device.c_str(), F_OK) == 0) return device;
  }
  const auto link = "/dev/virtio-ports/" + name;
  return ::access(link.c_str(), F_OK) == 0 ? std::optional(link) : std::nullopt;
}

Fd open_port(const std::string& name) {
  const auto device = find_port(name);
  return Fd(device ? ::open(device->c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1);
}

bool plugged_in(int fd, const std::string& name) {
  struct stat held {
  }, present{};
  const auto device = find_port(name);
  return device && ::fstat(fd, &held) == 0 && ::stat(device->c_str(), &present) == 0 && held.st_rdev == present.st_rdev;
}

}  // namespace moult::guest
