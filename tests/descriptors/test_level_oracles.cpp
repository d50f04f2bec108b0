// Our order against the order of the programs that own the schemes.
#include <apt-pkg/debversion.h>
#include <rapidcheck.h>

#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "descriptors/level.hpp"

// libsolv is C and calls a field by what has become a word of C++.
#define requires requires_field
extern "C" {
#include <solv/evr.h>
#include <solv/pool.h>
}
#undef requires

namespace moult {
namespace {

constexpr std::size_t kLevelsAtATime = 24;
constexpr long kLeastComparisons = 20'000;

int sign(std::weak_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }
int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

/// Text put together from a few pieces, so that many levels share long beginnings.
rc::Gen<std::string> text_of(const std::vector<std::string>& pieces, std::size_t most) {
  return rc::gen::exec([=] {
    std::string text;
    const auto count = *rc::gen::inRange<std::size_t>(1, most + 1);
    for (std::size_t i = 0; i < count; ++i) text += *rc::gen::elementOf(pieces);
    return text;
  });
}

rc::Gen<std::string> level_of(Scheme scheme, const std::vector<std::string>& pieces) {
  return rc::gen::suchThat(rc::gen::exec([=] {
                             std::string level = *rc::gen::element<std::string>("", "", "0:", "1:", "01:", "10:");
                             level +=
                                 *rc::gen::element<std::string>("0", "1", "1.0", "1.2", "10") + *text_of(pieces, 5);
                             if (*rc::gen::inRange(0, 3) == 0) return level;
                             return level + "-" + *text_of(pieces, 3);
                           }),
                           [=](const std::string& level) { return check_level(scheme, level).has_value(); });
}

/// Compares many random levels pairwise with the oracle, and says how many comparisons there were.
template <typename Oracle>
long compare_with(Scheme scheme, const std::vector<std::string>& pieces, const Oracle& oracle) {
  long comparisons = 0;
  const bool same = rc::check([&] {
    const auto levels = *rc::gen::container<std::vector<std::string>>(kLevelsAtATime, level_of(scheme, pieces));
    for (const auto& left : levels)
      for (const auto& right : levels) {
        ++comparisons;
        if (sign(compare_levels(scheme, left, right).value()) != sign(oracle(left, right)))
          RC_FAIL(left + " and " + right + ": the oracle says " + std::to_string(oracle(left, right)));
      }
  });
  return same ? comparisons : -1;
}

TEST_CASE("deb: thousands of random versions are ordered as libapt-pkg orders them") {
  const auto apt = [](const std::string& left, const std::string& right) {
    return debVS.CmpVersion(left.c_str(), right.c_str());
  };
  CHECK(compare_with(Scheme::deb,
                     {"0", "1", "9", "10", "00", ".", "..", "~", "~~", "+", "-", "a", "b", "rc", "Z", "deb12u1"},
                     apt) >= kLeastComparisons);
}

TEST_CASE("rpm: thousands of random versions are ordered as libsolv orders them") {
  const std::unique_ptr<Pool, void (*)(Pool*)> pool(pool_create(), pool_free);
  pool_setdisttype(pool.get(), DISTTYPE_RPM);
  const auto solv = [&](const std::string& left, const std::string& right) {
    return pool_evrcmp_str(pool.get(), left.c_str(), right.c_str(), EVRCMP_COMPARE);
  };
  CHECK(compare_with(Scheme::rpm, {"0", "1", "9", "10", "00", ".", "_", "~", "^", "a", "b", "rc", "Z", "el9", "git"},
                     solv) >= kLeastComparisons);
}

TEST_CASE("every scheme orders random levels totally") {
  const std::vector<std::string> pieces{"0", "1", "10", ".", "-", "~", "^", "+", "a", "rc", "dev", "post", "20240229"};
  for (const auto scheme : {Scheme::semver, Scheme::deb, Scheme::rpm, Scheme::numeric, Scheme::date, Scheme::pep440}) {
    INFO(std::string(name_of(scheme)));
    long readable = 0;
    CHECK(rc::check([&] {
      std::vector<std::string> levels;
      for (int i = 0; i < 60; ++i) {
        auto level = *rc::gen::element<std::string>("", "1.2.", "2024022", "1.0.0-", "2024-02-2") + *text_of(pieces, 6);
        if (check_level(scheme, level)) levels.push_back(std::move(level));
      }
      levels.insert(levels.end(), {"20240229", "20240229.1"});
      if (levels.size() > 15) levels.resize(15);
      if (scheme == Scheme::semver) levels.resize(levels.size() - 2);
      const auto less = [&](const auto& a, const auto& b) { return compare_levels(scheme, a, b).value() < 0; };
      for (const auto& a : levels)
        for (const auto& b : levels) {
          ++readable;
          RC_ASSERT(sign(compare_levels(scheme, a, b).value()) == -sign(compare_levels(scheme, b, a).value()));
          for (const auto& c : levels) RC_ASSERT(!(less(a, b) && !less(c, b)) || less(a, c) || !less(c, b));
          for (const auto& c : levels)
            if (!less(b, a) && !less(c, b)) RC_ASSERT(!less(c, a));
        }
    }));
    CHECK(readable > 500);
  }
}

}  // namespace
}  // namespace moult
