#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>

namespace moult::bench {

/// The rows of an audit log, in the same table of the same durability, but without a chain: what is compared with.
/// Throws where SQLite fails.
class UnchainedLog {
 public:
  explicit UnchainedLog(const std::string& path);
  ~UnchainedLog();
  UnchainedLog(const UnchainedLog&) = delete;
  UnchainedLog& operator=(const UnchainedLog&) = delete;

  /// Writes `commits` times `group` rows.
  void write(std::size_t commits, std::size_t group);

 private:
  void exec(const char* sql);
  void insert(std::size_t row);

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::size_t rows_ = 0;
};

}  // namespace moult::bench
