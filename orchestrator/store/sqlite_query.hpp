#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "orchestrator/store/sqlite_database.hpp"

namespace moult {

/// One use of a statement, within a read() or write() of its database. SQL must be a string literal: prepared
/// statements are kept by its address. Reset at the end, so that no reader holds the write-ahead log back.
class Query {
 public:
  Query(SqliteDatabase& database, const char* sql);
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  /// Binds the next parameter.
  Query& with(const std::string& text);
  Query& with(std::int64_t number);

  /// Steps to the next row; false after the last.
  bool next();
  /// Runs a statement without rows; the number of rows that it changed.
  int run();

  [[nodiscard]] std::string text(int column) const;
  /// The same into a string whose room is used again, row after row.
  void text(int column, std::string& out) const;
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] bool null(int column) const;

 private:
  std::unique_ptr<SQLite::Statement> own_;  ///< when the kept one is in use already
  SqliteDatabase::Cached* cached_ = nullptr;
  SQLite::Statement* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace moult
