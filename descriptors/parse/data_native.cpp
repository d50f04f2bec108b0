// Data that the application's own replication carries.
#include <array>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr int kMostPort = 65535;
constexpr int kNoPort = 0;  // of what could not be read: no other set is told that it has the same

enum class Reverse { same, none };
constexpr std::array<Choice<Reverse>, 2> kReverses{{{"same", Reverse::same}, {"none", Reverse::none}}};

PostgresqlData read_postgresql(const Value& value, Report& report) {
  const Mapping mapping(value, kPostgresqlKeys, report);
  PostgresqlData data;
  if (mapping.find("port")) data.port = kNoPort;
  mapping.number("port", 1, kMostPort, data.port);
  mapping.text("user", kName, data.user);
  mapping.list("databases", kLine, data.databases);
  mapping.list("insert_only", kTableName, data.insert_only);
  if (const auto reverse = mapping.find("reverse"))
    data.one_way = read_choice(*reverse, kReverses, report) == Reverse::none;
  return data;
}

}  // namespace

void read_native(const Value& value, DataSpec& data, Report& report) {
  data.kind = DataKind::native;
  const Mapping mapping(value, kNativeKeys, report);
  const auto kind = mapping.exactly_one({"postgresql", "replication"});
  data.postgresql.port = kNoPort;
  if (kind == "postgresql") data.postgresql = read_postgresql(*mapping.find("postgresql"), report);
  if (kind == "replication") data.hooks = read_replication(*mapping.find("replication"), report);
}

}  // namespace moult::parse
