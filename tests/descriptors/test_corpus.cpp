#include "catch.hpp"
#include "corpus.hpp"
#include "descriptors/load.hpp"

namespace moult {
namespace {

std::vector<Finding> findings_of(const std::string& path) {
  return std::visit([](const auto& loaded) { return loaded.findings; }, load_any(path));
}

TEST_CASE("every good sample loads without a finding") {
  const auto good = tests::samples("good");
  REQUIRE(good.size() >= 6);
  for (const auto& sample : good) {
    INFO(sample.path << "\n" << as_error(findings_of(sample.path)).message);
    CHECK(findings_of(sample.path).empty());
  }
}

TEST_CASE("every bad sample gives exactly the findings that it announces, in the order of the file") {
  unsetenv("LIBVIRT_DEFAULT_URI");
  const auto bad = tests::samples("bad");
  REQUIRE(bad.size() >= 45);
  for (const auto& sample : bad) {
    INFO(sample.path);
    REQUIRE_FALSE(sample.expected.empty());
    std::vector<std::string> found;
    for (const auto& finding : findings_of(sample.path)) found.push_back(finding.text().substr(sample.path.size() + 1));
    CHECK(found == sample.expected);
  }
}

TEST_CASE("findings become one error of one line each") {
  const auto findings = findings_of("tests/descriptors/data/bad/unknown-component.yaml");
  const auto error = as_error(findings);
  CHECK(error.code == Code::invalid);
  CHECK_FALSE(error.remedy.empty());
  CHECK(error.message == findings.at(0).text() + "\n" + findings.at(1).text());
  CHECK_THAT(error.message, Catch::Contains("unknown-component.yaml:15:13: components.ui.after[0]: no component"));
}

}  // namespace
}  // namespace moult
