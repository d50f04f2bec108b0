#include "catch.hpp"
#include "descriptors/base/digest.hpp"
#include "drivers/component_driver.hpp"
#include "host_access.hpp"

using namespace moult;
using namespace moult::test;

TEST_CASE("payload as stated is accepted, below folders too") {
  Scratch scratch;
  scratch.write("a.deb", "aaaa");
  scratch.write("sub/b.deb", "");
  CHECK(check_payload(descriptor_with(scratch, {}, {"a.deb", "sub/b.deb"})));
}

TEST_CASE("all that is wrong with a payload is said at once, with expected and found") {
  Scratch scratch;
  scratch.write("good", "good");
  scratch.write("longer", "four");
  scratch.write("changed", "four");
  scratch.write("link", "four");
  scratch.write("folder", "four");
  scratch.write("gone", "four");
  auto descriptor = descriptor_with(scratch, {}, {"good", "longer", "changed", "link", "folder", "gone"});
  scratch.write("longer", "fives");
  scratch.write("changed", "FOUR");
  std::filesystem::remove(scratch.path("link"));
  std::filesystem::create_symlink("good", scratch.path("link"));
  std::filesystem::remove(scratch.path("folder"));
  std::filesystem::create_directory(scratch.path("folder"));
  std::filesystem::remove(scratch.path("gone"));
  for (const char* name : {"../outside", "/etc/passwd", "", "a/../b"}) descriptor.payload.push_back({name, "", 0, {}});

  const auto checked = check_payload(descriptor);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Code::invalid);
  const auto& text = checked.error().message;
  CHECK(text.find("good has") == std::string::npos);
  CHECK(text.find("payload longer has 5 bytes, the descriptor says 4") != std::string::npos);
  CHECK(text.find("payload changed has SHA-256 " + sha256_hex("FOUR") + ", the descriptor says " +
                  sha256_hex("four")) != std::string::npos);
  CHECK(text.find("payload link is not a regular file but a link") != std::string::npos);
  CHECK(text.find("payload folder is not a regular file but a directory") != std::string::npos);
  CHECK(text.find("payload gone is missing: " + scratch.path("gone")) != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 8);
  CHECK(text.find("../outside") != std::string::npos);
}
