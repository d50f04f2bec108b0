#include "drivers/guest/files/system_error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace moult::files {
namespace {

constexpr std::size_t kShownBytes = 200;

Code code_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return Code::no_space;
    case ENOENT:
      return Code::not_found;
    case ELOOP:
    case EXDEV:
      return Code::refused;
    default:
      return Code::io;
  }
}

std::string remedy_for(int error) {
  if (error == ENOSPC || error == EDQUOT) return "free space on that file system, then try again";
  if (error == EPERM || error == EACCES) return "run the helper as root";
  return {};
}

}  // namespace

Unexpected system_failure(const std::string& what, int error) {
  return fail(code_for(error), what + ": " + std::strerror(error), remedy_for(error));
}

std::string shown(std::string_view path) {
  std::string text = "'";
  for (const char c : path.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && byte != '\'' && byte != '\\') {
      text += c;
      continue;
    }
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    text += escaped;
  }
  return text + (path.size() > kShownBytes ? "...'" : "'");
}

}  // namespace moult::files
