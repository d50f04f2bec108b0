#include "drivers/component/payload.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "descriptors/base/digest.hpp"
#include "descriptors/base/text.hpp"
#include "drivers/component/archive/normalise.hpp"
#include "drivers/component/guest_steps.hpp"
#include "drivers/component_driver.hpp"

namespace moult {
namespace {

constexpr Millis kMakeDirectory{std::chrono::seconds{30}};

ByteSource source_of(const Fd& file) {
  return [&file, offset = off_t{0}](std::span<std::byte> buffer) mutable -> Result<std::size_t> {
    ssize_t got = -1;
    do {
      got = ::pread(file.get(), buffer.data(), buffer.size(), offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return fail(Code::io, std::string("a payload cannot be read: ") + std::strerror(errno));
    offset += got;
    return static_cast<std::size_t>(got);
  };
}

const Payload& payload_named(const MaintenanceDescriptor& descriptor, const std::string& name, const Payload& none) {
  const auto* found = descriptor.find_payload(name);
  return found != nullptr ? *found : none;
}

/// Archives are looked through as well: a hostile one is refused before anything is cloned.
Result<> check_archives(const MaintenanceDescriptor& descriptor, const Payload& payload) {
  for (const auto& component : descriptor.components) {
    if (component.update.kind != DriverKind::archive || component.update.archive != payload.name) continue;
    MOULT_ASSIGN(const auto path, payload_path(descriptor, payload.name));
    auto checked = inspect_archive(path, ArchiveLimits{});
    if (!checked) return pass(std::move(checked));
    return {};
  }
  return {};
}

}  // namespace

Result<std::string> payload_path(const MaintenanceDescriptor& descriptor, const std::string& name) {
  const std::filesystem::path relative(name);
  bool good = !name.empty() && relative.is_relative();
  for (const auto& part : relative) good = good && part != ".." && part != "." && !part.empty();
  if (!good)
    return fail(Code::invalid, "payload " + in_quotes(name) + " is not a name below the descriptor's directory");
  return (std::filesystem::path(descriptor.directory) / relative).string();
}

Result<> check_payload_file(const MaintenanceDescriptor& descriptor, const Payload& payload) {
  MOULT_ASSIGN(const auto path, payload_path(descriptor, payload.name));
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return fail(Code::invalid, "payload " + payload.name + " is missing: " + path + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return fail(Code::invalid, "payload " + payload.name + " is not a regular file but a " +
                                   (S_ISDIR(info.st_mode)   ? "directory"
                                    : S_ISLNK(info.st_mode) ? "link"
                                                            : "special file") +
                                   ": " + path);
  if (static_cast<std::uint64_t>(info.st_size) != payload.size)
    return fail(Code::invalid, "payload " + payload.name + " has " + std::to_string(info.st_size) +
                                   " bytes, the descriptor says " + std::to_string(payload.size));
  MOULT_ASSIGN(const auto digest, digest_file(path));
  if (digest.sha256 != payload.sha256)
    return fail(Code::invalid, "payload " + payload.name + " has SHA-256 " + digest.sha256 + ", the descriptor says " +
                                   payload.sha256);
  return {};
}

Result<> check_payload(const MaintenanceDescriptor& descriptor) {
  std::vector<std::string> wrong;
  for (const auto& payload : descriptor.payload) {
    auto checked = check_payload_file(descriptor, payload);
    if (checked) checked = check_archives(descriptor, payload);
    if (!checked) wrong.push_back(checked.error().message);
  }
  if (wrong.empty()) return {};
  return fail(Code::invalid, joined(wrong, "\n"),
              "get the payload from the vendor again, whole, beside " + descriptor.source);
}

Result<> stage_file(GuestAccess& guest, const Fd& from, const std::string& to) {
  MOULT_TRY(run_step(guest, {"mkdir", "-p", to.substr(0, to.find_last_of('/'))}, kMakeDirectory));
  return guest.put(to, 0644, source_of(from));
}

Result<> stage_payloads(GuestAccess& guest, const MaintenanceDescriptor& descriptor,
                        const std::vector<std::string>& names, const std::string& stage_dir) {
  const Payload none;
  for (const auto& name : names) {
    const auto& payload = payload_named(descriptor, name, none);
    if (&payload == &none) return fail(Code::invalid, "payload " + name + " is not listed under `payload`");
    MOULT_TRY(check_payload_file(descriptor, payload));
    MOULT_ASSIGN(const auto path, payload_path(descriptor, name));
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return fail(Code::io, path + " cannot be opened: " + std::strerror(errno));
    MOULT_TRY(stage_file(guest, file, staged(stage_dir, name)));
  }
  return {};
}

}  // namespace moult
