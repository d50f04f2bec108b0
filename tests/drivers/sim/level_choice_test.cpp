#include "drivers/sim/level_choice.hpp"

#include "catch.hpp"
#include "descriptors/level.hpp"

using namespace moult;

TEST_CASE("the level before an upgrade is one that `from` allows and that is below the target") {
  struct Row {
    const char *to, *from;
    Scheme scheme;
    const char* before;
  };
  for (const auto& row :
       {Row{"2.0.0", ">=1.0.0", Scheme::semver, "1.0.0"}, Row{"2.0.0", ">1.0.0", Scheme::semver, "1.0.1"},
        Row{"2.0.0", ">=1.2.0 <1.9.0 || =1.1.0", Scheme::semver, "1.1.0"}, Row{"2.0.0", "", Scheme::semver, "1.0.0"},
        Row{"1:2.0-1", ">=1:1.4-2", Scheme::deb, "1:1.4-2"}, Row{"42", ">=17", Scheme::numeric, "17"},
        Row{"2026-01-01", ">=2025-09-30", Scheme::date, "2025-09-30"},
        Row{"1.0.0", ">=2.0.0", Scheme::semver, "1.0.0"}}) {
    const auto level = sim::level_before({row.to, row.from, row.scheme, {}});
    INFO(row.to << " from " << row.from);
    CHECK(level == row.before);
  }
}

TEST_CASE("where no level is allowed below the target, the component is current") {
  CHECK(sim::level_before({"1.0.0", "=1.0.0", Scheme::semver, {}}) == "1.0.0");
}
