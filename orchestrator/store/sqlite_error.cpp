#include "orchestrator/store/sqlite_error.hpp"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace moult {
namespace {

Error disk_error(const std::string& why, int system_error) {
  if (system_error == ENOSPC || system_error == EDQUOT)
    return {Code::no_space, "the journal cannot be written: " + std::string(std::strerror(system_error)),
            "Make room where the state directory is."};
  const std::string detail = system_error == 0 ? "" : ": " + std::string(std::strerror(system_error));
  if (system_error == EACCES || system_error == EPERM || system_error == EROFS)
    return {Code::refused, "the journal cannot be opened" + detail, "Run as the user who owns the state directory."};
  return {Code::io, "the journal's disk failed: " + why + detail, "Look at the kernel's log and at the disk."};
}

}  // namespace

bool is_damage(const SQLite::Exception& exception) {
  const int primary = exception.getErrorCode() & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

Error error_of(const SQLite::Exception& exception, sqlite3* connection) {
  const std::string why = exception.what();
  const int system_error = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  switch (exception.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return disk_error(why, ENOSPC);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return disk_error(why, system_error);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::busy, "another process keeps the journal busy", "Try again.", {}, Disposition::retry};
    case SQLITE_READONLY:
      return {Code::refused, "the journal is open for reading only"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::invalid, "the journal is damaged: " + why, "See docs/recovery.md."};
    case SQLITE_CONSTRAINT:
      return {Code::refused, "the journal refuses the write: " + why};
    default:
      return {Code::internal, "the journal failed: " + why};
  }
}

}  // namespace moult
