#include "orchestrator/store/export_line.hpp"

#include <nlohmann/json.hpp>

namespace moult {

using nlohmann::json;

/// Facts stay the text that was hashed: written as JSON again, another tool might order or print them otherwise.
json line_of(const AuditRow& row, bool whole) {
  json line{{"kind", whole ? "row" : "link"},
            {"seq", row.seq},
            {"run", row.run},
            {"run_row", row.run_row},
            {"digest", row.digest},
            {"prev_hash", row.prev_hash},
            {"hash", row.hash}};
  if (!whole) return line;
  line.update({{"step", row.step}, {"actor", row.actor}, {"utc", row.utc}, {"event", row.event}, {"facts", row.facts}});
  return line;
}

AuditRow row_of(const json& line) {
  AuditRow row;
  row.seq = line.at("seq").get<std::int64_t>();
  row.run = line.at("run").get<std::string>();
  row.run_row = line.at("run_row").get<std::int64_t>();
  row.digest = line.at("digest").get<std::string>();
  row.prev_hash = line.at("prev_hash").get<std::string>();
  row.hash = line.at("hash").get<std::string>();
  if (line.at("kind") == "link") return row;
  row.step = line.at("step").get<std::string>();
  row.actor = line.at("actor").get<std::string>();
  row.utc = line.at("utc").get<std::string>();
  row.event = line.at("event").get<std::string>();
  row.facts = line.at("facts").get<std::string>();
  return row;
}

}  // namespace moult
