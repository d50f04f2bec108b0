#include "migration/postgresql/psql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "migration/postgresql/names.hpp"
#include "migration/postgresql/psql_pool.hpp"

namespace moult::postgresql {
namespace {

using std::chrono::steady_clock;

constexpr Millis kGrace{5'000};   // beyond the statement's own limit, which has the better message
constexpr Millis kTrial{60'000};  // by a psql of its own, whose start takes seconds in an emulated guest

/// In a connection string.
std::string quoted(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string doubled(std::string_view value, char quote) {
  std::string out(1, quote);
  for (const char c : value) {
    if (c == quote) out += c;
    out += c;
  }
  return out + quote;
}

std::vector<Row> split(const std::string& out) {
  std::vector<Row> rows;
  for (std::size_t begin = 0; begin < out.size();) {
    auto end = out.find('\n', begin);
    if (end == std::string::npos) end = out.size();
    Row row;
    for (auto at = begin;;) {
      const auto tab = std::min(out.find('\t', at), end);
      row.push_back(out.substr(at, tab - at));
      if (tab == end) break;
      at = tab + 1;
    }
    rows.push_back(std::move(row));
    begin = end + 1;
  }
  return rows;
}

std::string prologue(Millis most) {
  return fmt::format(
      "RESET ALL; SET search_path = pg_catalog, pg_temp; SET jit = off; SET standard_conforming_strings = on; "
      "SET client_min_messages = error; "
      "SET statement_timeout = {}; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; "
      "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET synchronous_commit = on; "
      "SET default_transaction_read_only = off; SET log_statement = 'none'; SET log_min_duration_statement = -1; "
      "SET log_min_error_statement = 'panic';\n",
      most.count());
}

}  // namespace

std::string reason_of(std::string text) {
  for (const std::string_view noise : {"psql:<stdin>:", "psql: error: "})
    if (const auto at = text.find(noise); at != std::string::npos) text.erase(0, at + noise.size());
  text.resize(std::min<std::size_t>(text.size(), 600));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.empty() ? "psql ended without a word" : text;
}

std::string text(std::string_view value) { return doubled(value, '\''); }

std::string name(std::string_view value) { return doubled(value, '"'); }

std::string array_of(const std::vector<std::string>& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : ", ") + text(value);
  return "ARRAY[" + out + "]::text[]";
}

std::string joined_rows(const std::vector<Row>& rows) {
  constexpr std::size_t kShown = 10;
  std::string out;
  for (std::size_t i = 0; i < rows.size() && i < kShown; ++i) out += (i == 0 ? "" : ", ") + rows[i].front();
  return rows.size() > kShown ? out + fmt::format(" and {} more", rows.size() - kShown) : out;
}

Result<std::uint64_t> lsn_of(std::string_view text) {
  std::uint32_t high = 0, low = 0;
  const auto* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, high, 16);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, low, 16);
    if (second.ec == std::errc{} && second.ptr == end) return (std::uint64_t{high} << 32) | low;
  }
  return fail(Code::invalid, "PostgreSQL names no place in its log: " + std::string(text.substr(0, 60)));
}

std::string lsn_text(std::uint64_t lsn) { return fmt::format("{:X}/{:X}", lsn >> 32, lsn & 0xffffffffU); }

Millis left_until(steady_clock::time_point end) {
  return std::max(Millis{1}, std::chrono::duration_cast<Millis>(end - steady_clock::now()));
}

std::string random_word() {
  std::random_device random;
  std::string word;
  for (int i = 0; i < 6; ++i) word += fmt::format("{:08x}", random());
  return word;
}

Error too_large() {
  return {Code::invalid, "PostgreSQL's answer is above the limit of 24 MiB", {}, {}, Disposition::fail};
}

std::vector<std::string> psql_argv(const PostgresqlData& cluster, const std::string& database) {
  const auto where = fmt::format("dbname={} port={}", quoted(database), cluster.port);
  return {"psql", "-X", "-A", "-t", "-q", "-w", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", where, "-f", "-"};
}

std::map<std::string, std::string> psql_environment() {
  return {{"PGCONNECT_TIMEOUT", "10"}, {"PGAPPNAME", kApplication}};
}

std::vector<std::string> as_superuser(const PostgresqlData& cluster, std::vector<std::string> argv) {
  argv.insert(argv.begin(), {"runuser", "-u", cluster.user, "--"});
  return argv;
}

Result<Outcome> Psql::as_user(std::vector<std::string> argv, const std::string& input, Millis most,
                              const std::string& password) const {
  Command command;
  command.argv = as_superuser(cluster_, std::move(argv));
  command.input = input;
  command.timeout = most;
  command.output_limit = kMostAnswer;
  command.env = psql_environment();
  if (!password.empty()) command.env["PGPASSWORD"] = password;
  MOULT_ASSIGN(auto outcome, guest_.run(command));
  if (outcome.truncated) return Unexpected(too_large());
  return outcome;
}

Result<std::string> Psql::answer(const std::string& database, const std::string& script, Millis most) const {
  const auto failed = [&](const std::string& said) {
    return fail(Code::failed, "database " + database + ": " + reason_of(said));
  };
  const auto end = steady_clock::now() + most;
  if (pool_ != nullptr) {
    MOULT_ASSIGN(auto answer, pool_->ask(database, script, most));
    if (answer) return answer->good ? Result<std::string>(std::move(answer->out)) : failed(answer->out);
  }
  MOULT_ASSIGN(auto outcome, as_user(psql_argv(cluster_, database), script, left_until(end)));
  if (!outcome.good()) return failed(outcome.err);
  return std::move(outcome.out);
}

Result<std::vector<Row>> Psql::rows(const std::string& database, const std::string& statements, Millis most) const {
  return answer(database, prologue(most) + statements, most + kGrace).map(split);
}

Result<> Psql::run(const std::string& database, const std::string& statements, Millis most) const {
  MOULT_TRY(rows(database, statements, most));
  return {};
}

Result<std::string> Psql::value(const std::string& database, const std::string& statements, Millis most) const {
  MOULT_ASSIGN(const auto all, rows(database, statements, most));
  if (all.size() == 1 && all.front().size() == 1) return all.front().front();
  return fail(Code::mismatch, fmt::format("database {}: one value was asked for, {} rows came", database, all.size()));
}

Result<bool> Psql::holds(const std::string& database, const std::string& question, Millis most) const {
  return value(database, question, most).map([](const std::string& answer) { return answer == "t"; });
}

Result<std::string> Psql::program(std::vector<std::string> argv, Millis most) const {
  const auto word = argv.front();
  MOULT_ASSIGN(auto outcome, as_user(std::move(argv), {}, most));
  if (!outcome.good()) return fail(Code::failed, word + ": " + reason_of(outcome.err));
  return std::move(outcome.out);
}

Result<> Psql::try_role(const std::string& database, const std::string& role, const std::string& password) const {
  const auto where =
      fmt::format("host=127.0.0.1 port={} dbname={} user={} sslmode=disable", cluster_.port, quoted(database), role);
  MOULT_ASSIGN(const auto outcome, as_user({"psql", "-X", "-w", "-d", where, "-c", "SELECT 1"}, {}, kTrial, password));
  if (outcome.good()) return {};
  return fail(Code::refused, "the run's role cannot connect to database " + database + ": " + reason_of(outcome.err),
              fmt::format("Let pg_hba.conf say `host all {} 127.0.0.1/32 scram-sha-256`, and listen_addresses include "
                          "localhost.",
                          role));
}

}  // namespace moult::postgresql
