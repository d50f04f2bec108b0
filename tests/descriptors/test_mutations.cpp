// Thousands of random changes to good descriptors: never a crash, never a hang, always a place.
#include <chrono>
#include <random>

#include "catch.hpp"
#include "corpus.hpp"
#include "descriptors/parse/descriptor.hpp"

namespace moult {
namespace {

constexpr int kMutationsPerSample = 1500;
constexpr std::chrono::seconds kLongest{5};

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

/// One change: a byte, a piece of YAML's own signs, a piece removed, moved or repeated.
void mutate(std::string& text, Random& random) {
  static const std::vector<std::string> kSigns{"[",
                                               "]",
                                               "{",
                                               "}",
                                               ": ",
                                               "- ",
                                               "? ",
                                               "&a ",
                                               "*a",
                                               "!t ",
                                               "|\n",
                                               ">",
                                               "\"",
                                               "'",
                                               "#",
                                               "\n",
                                               "\t",
                                               "  ",
                                               "---\n",
                                               "...\n",
                                               "%YAML 1.2\n",
                                               "<<: ",
                                               "~",
                                               "\\",
                                               "\xFF",
                                               ",",
                                               "\xC3\xA9",
                                               "\xEF\xBB\xBF",
                                               "\r",
                                               "../",
                                               "99999999999999999999",
                                               ">=",
                                               "||"};
  if (text.empty()) text = "a";
  const auto at = below(random, text.size());
  const auto length = std::min<std::size_t>(1 + below(random, 40), text.size() - at);
  switch (below(random, 6)) {
    case 0:
      text[at] = static_cast<char>(below(random, 256));
      break;
    case 1:
      text.insert(at, kSigns[below(random, kSigns.size())]);
      break;
    case 2:
      text.erase(at, length);
      break;
    case 3:
      text.insert(below(random, text.size()), text.substr(at, length));
      break;
    case 4:
      text.replace(at, 1, kSigns[below(random, kSigns.size())]);
      break;
    default:
      text.resize(at);
      break;
  }
}

template <typename Loaded>
void check_findings(const Loaded& loaded) {
  for (const auto& finding : loaded.findings) {
    REQUIRE(finding.at.file == "mutant.yaml");
    REQUIRE(finding.at.line >= 1);
    REQUIRE(finding.at.column >= 1);
    REQUIRE_FALSE(finding.message.empty());
    REQUIRE(finding.text().find('\n') == std::string::npos);
  }
}

TEST_CASE("random changes to good descriptors are read or refused, with a place, in time") {
  int refused = 0, accepted = 0;
  for (const auto& sample : tests::samples("good")) {
    for (int i = 0; i < kMutationsPerSample; ++i) {
      const auto seed = static_cast<unsigned>(i);
      Random random(seed);
      auto text = sample.text;
      for (std::size_t changes = 1 + below(random, 4); changes > 0; --changes) mutate(text, random);
      INFO(sample.name << ", seed " << seed << "\n" << text);
      const auto start = std::chrono::steady_clock::now();
      const auto appliance = parse::appliance_from_bytes(text, "mutant.yaml");
      const auto maintenance = parse::maintenance_from_bytes(text, "mutant.yaml");
      REQUIRE(std::chrono::steady_clock::now() - start < kLongest);
      check_findings(appliance);
      check_findings(maintenance);
      REQUIRE_FALSE((appliance.good() && maintenance.good()));
      ++(appliance.good() || maintenance.good() ? accepted : refused);
    }
  }
  CHECK(refused > 5000);
  CHECK(accepted > 100);
}

}  // namespace
}  // namespace moult
