#include "orchestrator/store/sqlite_query.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace moult {

Query::Query(SqliteDatabase& database, const char* sql) {
  auto& cached = database.statements_[sql];
  if (cached.in_use) {
    own_ = std::make_unique<SQLite::Statement>(database.connection(), sql);
    statement_ = own_.get();
    return;
  }
  if (!cached.statement) cached.statement = std::make_unique<SQLite::Statement>(database.connection(), sql);
  cached.in_use = true;
  cached_ = &cached;
  statement_ = cached.statement.get();
}

Query::~Query() {
  if (cached_ == nullptr) return;
  statement_->tryReset();
  cached_->in_use = false;
}

Query& Query::with(const std::string& text) {
  statement_->bind(++bound_, text);
  return *this;
}

Query& Query::with(std::int64_t number) {
  statement_->bind(++bound_, number);
  return *this;
}

bool Query::next() { return statement_->executeStep(); }

int Query::run() { return statement_->exec(); }

std::string Query::text(int column) const { return statement_->getColumn(column).getString(); }

void Query::text(int column, std::string& out) const {
  const auto value = statement_->getColumn(column);
  const char* bytes = value.getText();  // before the size: it may convert
  out.assign(bytes, static_cast<std::size_t>(value.getBytes()));
}

std::int64_t Query::number(int column) const { return statement_->getColumn(column).getInt64(); }

bool Query::null(int column) const { return statement_->isColumnNull(column); }

}  // namespace moult
