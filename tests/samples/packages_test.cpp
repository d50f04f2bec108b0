#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "tests/samples/program.hpp"
#include "tests/samples/temporary_directory.hpp"

using namespace notes_test;

namespace {

std::string content(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace

TEST_CASE("packages carry their levels, and building them again gives the same bytes") {
  const TemporaryDirectory first, second;
  REQUIRE(run({NOTES_PACKAGES_BUILD, NOTES_PROGRAMS, first.path().string()}).status == 0);
  REQUIRE(run({NOTES_PACKAGES_BUILD, NOTES_PROGRAMS, second.path().string()}).status == 0);

  std::size_t debs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(first.path())) {
    const auto name = entry.path().filename().string();
    CAPTURE(name);
    CHECK(content(entry.path()) == content(second.path() / name));
    if (entry.path().extension() != ".deb") continue;
    ++debs;
    const auto fields = run({"/usr/bin/dpkg-deb", "--showformat=${Package}_${Version}_${Architecture}.deb", "--show",
                             entry.path().string()});
    CHECK(fields.output == name);
  }
  CHECK(debs == 5);
}

TEST_CASE("the help comes in two levels that say which they are") {
  const TemporaryDirectory packages;
  REQUIRE(run({NOTES_PACKAGES_BUILD, NOTES_PROGRAMS, packages.path().string()}).status == 0);
  for (const std::string level : {"1.0.0", "1.1.0"}) {
    const auto archive = (packages.path() / ("notes-help-" + level + ".tar.zst")).string();
    CHECK(run({"/usr/bin/tar", "--extract", "--to-stdout", "--file", archive, "./VERSION"}).output == level + "\n");
  }
}
