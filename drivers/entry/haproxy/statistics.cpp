#include "drivers/entry/haproxy/statistics.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace moult::haproxy {
namespace {

using Columns = std::map<std::string, std::size_t, std::less<>>;

/// One line of CSV: fields may stand in quotes, with "" for a quote.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

Result<Columns> columns_of(std::string_view header) {
  Columns columns;
  const auto names = fields_of(header.substr(2));
  for (std::size_t i = 0; i < names.size(); ++i) columns.emplace(names[i], i);
  for (const char* needed : {"pxname", "svname", "scur", "status", "type"})
    if (!columns.contains(needed))
      return fail(Code::invalid, std::string("HAProxy's statistics lack the column ") + needed,
                  "moult needs HAProxy 2.6 or newer");
  return columns;
}

/// One row by the columns' names.
class Row {
 public:
  Row(const Columns& columns, std::string_view line) : columns_(columns), fields_(fields_of(line)) {}
  [[nodiscard]] std::string text(std::string_view column) const {
    const auto found = columns_.find(column);
    return found == columns_.end() || found->second >= fields_.size() ? std::string() : fields_[found->second];
  }
  [[nodiscard]] std::uint64_t number(std::string_view column) const {
    const std::string digits = text(column);
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

 private:
  const Columns& columns_;
  std::vector<std::string> fields_;
};

Backend& backend_named(Statistics& statistics, const std::string& name) {
  for (auto& backend : statistics.backends)
    if (backend.name == name) return backend;
  return statistics.backends.emplace_back(Backend{name, 0, 0, {}});
}

void add(Statistics& statistics, const Row& row) {
  const auto proxy = row.text("pxname");
  const auto type = row.text("type");
  if (type == "0") statistics.frontends.push_back(proxy);
  if (type == "1") {
    auto& backend = backend_named(statistics, proxy);
    backend.in_flight = row.number("scur");
    backend.open_connections = row.number("h1_open_connections") + row.number("h2_open_connections");
  }
  if (type == "2")
    backend_named(statistics, proxy).servers.push_back(Server{proxy, row.text("svname"), row.text("status")});
}

}  // namespace

Result<Statistics> read_statistics(std::string_view csv) {
  Statistics statistics;
  Columns columns;
  while (!csv.empty()) {
    const auto end = std::min(csv.find('\n'), csv.size());
    const auto line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    if (line.starts_with("# pxname")) {
      MOULT_ASSIGN(columns, columns_of(line));
    } else if (!columns.empty() && line.find(',') != std::string_view::npos) {
      add(statistics, Row(columns, line));
    }
  }
  if (columns.empty()) return fail(Code::invalid, "HAProxy gave no statistics");
  return statistics;
}

}  // namespace moult::haproxy
