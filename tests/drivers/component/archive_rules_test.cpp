#include "catch.hpp"
#include "drivers/component/archive/entry_rules.hpp"

using namespace moult;

namespace {

struct Row {
  const char* path;
  EntryType type;
  const char* link;
  const char* refused;  ///< part of the reason; "" when admitted
};

}  // namespace

TEST_CASE("entries that reach outside are refused, each with its reason; what is inside is admitted") {
  const auto row = GENERATE(
      Row{"a/b", EntryType::file, "", ""}, Row{"./a//b/", EntryType::directory, "", ""},
      Row{".", EntryType::directory, "", ""}, Row{"l", EntryType::symlink, "a/b", ""},
      Row{"a/l", EntryType::symlink, "../b", ""}, Row{"h", EntryType::hardlink, "first", ""},
      Row{"/etc/passwd", EntryType::file, "", "is absolute"}, Row{"../x", EntryType::file, "", "leads out"},
      Row{"a/../../x", EntryType::file, "", "leads out"}, Row{"a/..", EntryType::directory, "", "leads out"},
      Row{"", EntryType::file, "", "no name"}, Row{".", EntryType::file, "", "replace the directory"},
      Row{"l", EntryType::symlink, "/etc", "not inside"}, Row{"l", EntryType::symlink, "..", "leads out"},
      Row{"a/l", EntryType::symlink, "../../x", "leads out"},
      Row{"a/l", EntryType::symlink, "b/../../../x", "leads out"}, Row{"l", EntryType::symlink, "", "not inside"},
      Row{"h", EntryType::hardlink, "/etc/passwd", "is absolute"}, Row{"h", EntryType::hardlink, "../x", "leads out"},
      Row{"h", EntryType::hardlink, "unknown", "no file of the archive"},
      Row{"h", EntryType::hardlink, "link", "no file of the archive"},
      Row{"link/x", EntryType::file, "", "no directory"}, Row{"first/x", EntryType::file, "", "no directory"},
      Row{"link", EntryType::file, "", "twice"}, Row{"first", EntryType::symlink, "d", "twice"},
      Row{"d", EntryType::file, "", "twice"}, Row{"d", EntryType::directory, "", ""},
      Row{"dev", EntryType::other, "", "device"});
  EntryRules rules;
  REQUIRE(rules.admit({"first", EntryType::file, {}}));
  REQUIRE(rules.admit({"link", EntryType::symlink, "d"}));
  REQUIRE(rules.admit({"d/inside", EntryType::file, {}}));
  const auto admitted = rules.admit({row.path, row.type, row.link});
  INFO(row.path << " -> " << row.link);
  if (*row.refused == '\0') {
    CHECK(admitted);
  } else {
    REQUIRE_FALSE(admitted);
    INFO(admitted.error().message);
    CHECK(admitted.error().code == Code::invalid);
    CHECK(admitted.error().message.find(row.refused) != std::string::npos);
  }
}

TEST_CASE("no chain of links leads out, even where each of them looks harmless") {
  EntryRules rules;
  REQUIRE(rules.admit({"d/e/up", EntryType::symlink, "../.."}));
  CHECK_FALSE(rules.admit({"out", EntryType::symlink, "d/e/up/../x"}));
  CHECK_FALSE(rules.admit({"d/e/up/x", EntryType::file, {}}));
  CHECK(rules.admit({"in", EntryType::symlink, "d/e/up/d"}));
}

TEST_CASE("paths and names that no file system takes are refused") {
  EntryRules rules;
  CHECK_FALSE(rules.admit({std::string(256, 'x'), EntryType::file, {}}));
  std::string deep;
  for (int i = 0; i < 2100; ++i) deep += "a/";
  CHECK_FALSE(rules.admit({deep, EntryType::file, {}}));
}
