#include "drivers/guest/local/system_error.hpp"

#include <cerrno>
#include <cstring>

namespace moult::guest {
namespace {

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case ENOSPC:
    case EDQUOT:
      return Code::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::refused;
    case ENAMETOOLONG:
    case EISDIR:
    case ELOOP:
    case E2BIG:
    case ENOEXEC:
      return Code::invalid;
    default:
      return Code::io;
  }
}

}  // namespace

Unexpected system_failure(const std::string& what, const std::string& on, int error) {
  return fail(code_of(error), "cannot " + what + " " + on + ": " + std::strerror(error));
}

}  // namespace moult::guest
