#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/native.hpp"
#include "drivers/guest_access.hpp"

namespace moult::postgresql {

using Row = std::vector<std::string>;

/// A literal and a name, quoted for a statement.
[[nodiscard]] std::string text(std::string_view value);
[[nodiscard]] std::string name(std::string_view value);
/// An array of texts.
[[nodiscard]] std::string array_of(const std::vector<std::string>& values);

/// What is left of a question's time, 1 ms at least.
[[nodiscard]] Millis left_until(std::chrono::steady_clock::time_point end);

/// A word that nobody guesses.
[[nodiscard]] std::string random_word();

inline constexpr std::size_t kMostAnswer = 24U << 20;
[[nodiscard]] Error too_large();
/// What psql says went wrong, without the place in a script that nobody sees.
[[nodiscard]] std::string reason_of(std::string said);
/// The command that runs psql for a script on its standard input.
[[nodiscard]] std::vector<std::string> psql_argv(const PostgresqlData& cluster, const std::string& database);
/// The environment of every psql of the run: PostgreSQL shows its sessions under a name that is the run's.
[[nodiscard]] std::map<std::string, std::string> psql_environment();
/// A command run as the guest's user who is the cluster's superuser.
[[nodiscard]] std::vector<std::string> as_superuser(const PostgresqlData& cluster, std::vector<std::string> argv);

class PsqlPool;

/// The first fields of rows, for people: ten of them, and how many more there are.
[[nodiscard]] std::string joined_rows(const std::vector<Row>& rows);

/// A place in the log of changes.
[[nodiscard]] Result<std::uint64_t> lsn_of(std::string_view text);
[[nodiscard]] std::string lsn_text(std::uint64_t lsn);

/// Statements for one cluster, run by psql in its guest as its superuser. Nothing of the database's own search path is
/// trusted. The answers come from a guest: rows are split, never run.
class Psql {
 public:
  /// With a pool, statements go to a psql of it that stays.
  Psql(GuestAccess& guest, const PostgresqlData& cluster, std::shared_ptr<PsqlPool> pool = nullptr)
      : guest_(guest), cluster_(cluster), pool_(std::move(pool)) {}

  /// Runs statements of one database one after another; the rows of all of them. Errors: failed, with PostgreSQL's own
  /// message; timeout.
  Result<std::vector<Row>> rows(const std::string& database, const std::string& statements, Millis most) const;
  Result<> run(const std::string& database, const std::string& statements, Millis most) const;
  /// The one field of the one row. Error: mismatch.
  Result<std::string> value(const std::string& database, const std::string& statements, Millis most) const;
  /// The answer to a question.
  Result<bool> holds(const std::string& database, const std::string& question, Millis most) const;
  /// A program of the guest, as the cluster's user; its output. Error: failed.
  Result<std::string> program(std::vector<std::string> argv, Millis most) const;
  /// Can a role come in by the port, with its password?
  Result<> try_role(const std::string& database, const std::string& role, const std::string& password) const;

 private:
  Result<std::string> answer(const std::string& database, const std::string& script, Millis most) const;
  Result<Outcome> as_user(std::vector<std::string> argv, const std::string& input, Millis most,
                          const std::string& password = {}) const;
  GuestAccess& guest_;
  const PostgresqlData& cluster_;
  std::shared_ptr<PsqlPool> pool_;
};

}  // namespace moult::postgresql
