#include "orchestrator/cli/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "drivers/fd.hpp"

namespace moult {
namespace {

Unexpected from_errno(const std::string& doing, const std::string& path) {
  const auto code = errno == ENOSPC || errno == EDQUOT ? Code::no_space : errno == ENOENT ? Code::not_found : Code::io;
  return fail(code, "cannot " + doing + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<> write_file(const std::string& path, const std::string& content) {
  const auto part = path + ".part";
  {
    const Fd file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return from_errno("create", part);
    for (std::size_t done = 0; done < content.size();) {
      const auto count = ::write(file.get(), content.data() + done, content.size() - done);
      if (count < 0) return from_errno("write", part);
      done += static_cast<std::size_t>(count);
    }
    if (::fsync(file.get()) != 0) return from_errno("sync", part);
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return from_errno("rename to", path);
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return from_errno("open", path);
  std::string text;
  char buffer[65536];
  for (;;) {
    const auto count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0) return from_errno("read", path);
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit) return fail(Code::invalid, path + " is larger than " + std::to_string(limit) + " bytes");
  }
}

}  // namespace moult
