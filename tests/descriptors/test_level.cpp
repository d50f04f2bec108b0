#include "catch.hpp"
#include "descriptors/level.hpp"

namespace moult {
namespace {

using Strings = std::vector<std::string>;

/// Every level of the list is below every later one, and equal to itself.
void check_ascending(Scheme scheme, const Strings& levels) {
  for (std::size_t i = 0; i < levels.size(); ++i)
    for (std::size_t j = 0; j < levels.size(); ++j) {
      INFO(levels[i] << " and " << levels[j]);
      const auto order = compare_levels(scheme, levels[i], levels[j]);
      REQUIRE(order);
      CHECK((*order == (i <=> j)));
    }
}

void check_equal(Scheme scheme, const Strings& levels) {
  for (const auto& level : levels) {
    INFO(levels[0] << " and " << level);
    CHECK(std::is_eq(compare_levels(scheme, levels[0], level).value()));
  }
}

void check_unreadable(Scheme scheme, const Strings& levels) {
  for (const auto& level : levels) {
    INFO(level);
    const auto checked = check_level(scheme, level);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Code::invalid);
    CHECK_THAT(checked.error().message, Catch::Contains(std::string(name_of(scheme))));
  }
}

const std::string kHuge(200, '9');

TEST_CASE("semver: precedence of the specification's section 11") {
  check_ascending(Scheme::semver, {"0.0.4", "1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
                                   "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0-rc.1.0", "1.0.0", "1.0.1",
                                   "1.2.0", "1.10.0", "2.0.0", kHuge + ".0.0"});
  check_equal(Scheme::semver, {"1.0.0", "1.0.0+build", "1.0.0+other.0-1"});
  check_equal(Scheme::semver, {"1.0.0-a-b", "1.0.0-a-b+x"});
  check_unreadable(Scheme::semver,
                   {"", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-a..b", "1.0.0-01", "1.0.0+",
                    "1.0.0+a_b", " 1.0.0", "1.0.-1", "1..0", "1.0.0-\xC3\xA9", "1.0.", "1.0.0-a."});
}

TEST_CASE("deb: Debian policy") {
  check_ascending(Scheme::deb,
                  {"0~~", "0~~a", "0~", "0", "0a", "0+", "1.0~rc1-1", "1.0~rc1-2", "1.0-1", "1.0-1+deb12u1", "1.0-1.1",
                   "1.0a", "1.0+dfsg", "1.0.1", "1.2", "1.10", "1:0.1", "2:0"});
  check_equal(Scheme::deb, {"1.0", "0:1.0", "1.0-0", "1.00", "01.0"});
  check_unreadable(Scheme::deb, {"", "a1", ":1", "1:", "a:1", "1.0-", "1_0", "1 0", "1.0-a_b", "-1"});
}

TEST_CASE("rpm: rpmvercmp with tilde and caret") {
  check_ascending(Scheme::rpm, {"1.0~rc1", "1.0~rc1^git1", "1.0", "1.0-1", "1.0-1.el9", "1.0-2", "1.0^git1~pre",
                                "1.0^git1", "1.0^git2", "1.0.a", "1.0.1", "1.1", "1.10", "2.0", "1:0.1"});
  check_equal(Scheme::rpm, {"1.0", "0:1.0", "1_0", "1.00", "1..0"});
  check_unreadable(Scheme::rpm, {"", "1.0-", "x:1", "1 0", "1/0", ":1"});
}

TEST_CASE("numeric: any length, what is absent is 0") {
  check_ascending(Scheme::numeric, {"0", "1", "1.0.1", "1.2", "1.10", "2", "10", kHuge, kHuge + ".1"});
  check_equal(Scheme::numeric, {"1", "1.0", "1.0.0", "01", "001.000"});
  check_unreadable(Scheme::numeric, {"", ".", "1.", ".1", "1..2", "a", "1a", "-1", "1,2"});
}

TEST_CASE("date: real days, then the serial of the day") {
  check_ascending(Scheme::date, {"1999-12-31", "20000229", "2024-02-29", "2024-02-29.1", "20240229.2", "2024-02-29.10",
                                 "20240301", "2024-12-01"});
  check_equal(Scheme::date, {"2024-05-31", "20240531", "20240531.0"});
  check_unreadable(Scheme::date, {"", "2024", "2023-02-29", "20241301", "20240532", "2024-5-31", "2024-05-31.",
                                  "20240531.x", "2024-0531", "20240531-1", "0x240531"});
}

TEST_CASE("pep440: the order of PEP 440") {
  check_ascending(Scheme::pep440, {"1.dev0",
                                   "1.0.dev456",
                                   "1.0a1",
                                   "1.0a2.dev456",
                                   "1.0a12.dev456",
                                   "1.0a12",
                                   "1.0b1.dev456",
                                   "1.0b2",
                                   "1.0b2.post345.dev456",
                                   "1.0b2.post345",
                                   "1.0rc1.dev456",
                                   "1.0rc1",
                                   "1.0",
                                   "1.0+abc.5",
                                   "1.0+abc.7",
                                   "1.0+5",
                                   "1.0.post456.dev34",
                                   "1.0.post456",
                                   "1.0.15",
                                   "1.1.dev1",
                                   "1!0.1"});
  check_equal(Scheme::pep440, {"1.0rc1", "1.0.RC1", "1.0-c1", "v1.0_pre1", "1.0-preview.1", "1rc1", "01.0rc01"});
  check_equal(Scheme::pep440, {"1.0.post1", "1.0-1", "1.0-r1", "1.0rev1", "1.0_post_1"});
  check_equal(Scheme::pep440, {"1.0a0", "1.0alpha", "1.0a"});
  check_unreadable(Scheme::pep440,
                   {"", "a", "1.0x", "1.0+", "1.0+a..b", "1.0+a.", "1..0", "1.0-", "!1", "1.0dev1dev2"});
}

TEST_CASE("a level that is too long is unreadable, whatever its form") {
  check_unreadable(Scheme::numeric, {std::string(256, '1')});
  CHECK(check_level(Scheme::numeric, std::string(255, '1')));
}

TEST_CASE("constraints: space is and, || is or") {
  const auto holds = [](const std::string& level, const std::string& constraint) {
    return satisfies(Scheme::semver, level, constraint).value();
  };
  CHECK(holds("1.0.0", ""));
  CHECK(holds("1.0.0", "  "));
  CHECK(holds("1.5.0", ">=1.0.0 <2.0.0"));
  CHECK(holds("1.5.0", ">= 1.0.0  < 2.0.0"));
  CHECK_FALSE(holds("2.0.0", ">=1.0.0 <2.0.0"));
  CHECK(holds("3.1.0", ">=1.0.0 <2.0.0 || =3.1.0"));
  CHECK(holds("3.1.0", ">=1.0.0 <2.0.0||=3.1.0"));
  CHECK_FALSE(holds("3.1.1", ">=1.0.0 <2.0.0 || =3.1.0"));
  CHECK(holds("1.0.0", "<=1.0.0"));
  CHECK_FALSE(holds("1.0.0", "<1.0.0"));
  CHECK_FALSE(holds("1.0.0", ">1.0.0"));
  CHECK_FALSE(holds("1.0.0", "!=1.0.0"));
  CHECK(holds("1.0.1", "!=1.0.0"));
  CHECK(holds("2.0.0", "=2.0.0+build"));
  CHECK(satisfies(Scheme::deb, "1:1.0~rc1-1", ">=1:1.0~ <1:1.0").value());
}

TEST_CASE("a bad constraint is refused and says why") {
  for (const std::string bad : {"1.0.0", "==1.0.0", "=>1.0.0", ">=", ">=1.0.0 ||", "|| =1.0.0", "=1.0.0 || || =2.0.0",
                                "~1.0.0", "^1.0.0", "=1.0.0,<2.0.0", "> = 1.0.0", "<>1.0.0", "=1.0.0 | =2.0.0", "&&"}) {
    INFO(bad);
    const auto result = check_constraint(Scheme::semver, bad);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::invalid);
    CHECK_FALSE(satisfies(Scheme::semver, "1.0.0", bad));
  }
  CHECK_FALSE(satisfies(Scheme::semver, "one", ">=1.0.0"));
  CHECK_FALSE(compare_levels(Scheme::semver, "1.0.0", "1"));
  CHECK_THAT(compare_levels(Scheme::semver, "1.0.0", "1").error().message, Catch::Contains("\"1\""));
}

}  // namespace
}  // namespace moult
