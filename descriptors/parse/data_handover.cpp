// A set whose disk changes hands.
#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

enum class WayBack { disk, snapshot };
constexpr std::array<Choice<WayBack>, 2> kWaysBack{{{"disk", WayBack::disk}, {"snapshot", WayBack::snapshot}}};

}  // namespace

void read_handover(const Value& value, DataSpec& data, Report& report) {
  data.kind = DataKind::handover;
  const Mapping mapping(value, kHandoverKeys, report);
  mapping.text("disk", kDiskTarget, data.handover.disk);
  mapping.directory("mount", data.root);
  if (const auto rollback = mapping.find("rollback"))
    if (const auto choice = read_choice(*rollback, kWaysBack, report))
      data.handover.keeps_snapshot = *choice == WayBack::snapshot;
}

}  // namespace moult::parse
