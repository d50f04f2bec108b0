#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "descriptors/base/result.hpp"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace moult {

/// One connection, used by one thread at a time. Exceptions of SQLiteCpp end here.
class SqliteDatabase {
 public:
  using Body = std::function<Result<>()>;
  enum class Mode { read_write, read_only };

  /// Opens an existing file and sets the connection up: WAL, synchronous FULL, foreign keys. May throw.
  SqliteDatabase(const std::string& path, Mode mode);
  ~SqliteDatabase();

  /// Runs body in a transaction that is committed when it succeeds. Within another write() it joins that one, which is
  /// then rolled back as a whole should SQLite fail in body, even when the outer body carries on.
  Result<> write(const Body& body);
  /// The same, but within another write() a failing body is rolled back alone, and the outer one may carry on.
  Result<> atomically(const Body& body);
  /// Runs body, which only reads.
  Result<> read(const Body& body);
  /// Runs body after the outermost write() has committed; its error is that write's result.
  void after_commit(Body body) { after_.push_back(std::move(body)); }

  [[nodiscard]] SQLite::Database& connection() { return *connection_; }

 private:
  friend class Query;
  struct Cached {
    std::unique_ptr<SQLite::Statement> statement;
    bool in_use = false;
  };

  Result<> guarded(const Body& body);
  Result<> nested(const Body& body);
  Result<> outermost(const Body& body);
  Result<> commit();
  void roll_back() noexcept;
  Result<> run_after();

  std::unique_ptr<SQLite::Database> connection_;
  std::recursive_mutex mutex_;
  std::unordered_map<const char*, Cached> statements_;
  std::vector<Body> after_;
  std::optional<Error> doomed_;
  bool in_transaction_ = false;
};

}  // namespace moult
