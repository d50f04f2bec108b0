#include <sys/stat.h>

#include <fstream>
#include <map>
#include <sstream>

#include "catch.hpp"
#include "tests/samples/program.hpp"
#include "tests/samples/temporary_directory.hpp"

using namespace notes_test;
namespace fs = std::filesystem;

namespace {

Ended migrate(const fs::path& root, const std::string& to, const std::string& names = "") {
  return run({std::string(NOTES_PROGRAMS) + "/notes-migrate", "--to", to, "--root", root.string()}, names);
}

std::string content(const fs::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void note(const fs::path& root, int id, const std::string& text) {
  std::ofstream(root / (std::to_string(id) + ".json")) << "{\"id\":" << id << ",\"text\":\"" << text << "\"}\n";
}

/// Every file's bytes, mode and time of change.
std::map<std::string, std::string> picture(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(root)) {
    struct stat status {};
    ::stat(entry.path().c_str(), &status);
    files[entry.path().filename()] = std::to_string(status.st_mode) + " " + std::to_string(status.st_mtim.tv_sec) +
                                     "." + std::to_string(status.st_mtim.tv_nsec) + " " + content(entry.path());
  }
  return files;
}

}  // namespace

TEST_CASE("with nothing on standard input the whole set is migrated, there and exactly back") {
  const TemporaryDirectory directory;
  for (int id = 1; id <= 20; ++id) note(directory.path(), id, "text " + std::to_string(id));
  fs::permissions(directory.path() / "3.json", fs::perms::owner_read);
  fs::last_write_time(directory.path() / "4.json", fs::file_time_type::clock::now() - std::chrono::hours{99});
  const auto before = picture(directory.path());

  REQUIRE(migrate(directory.path(), "2").output == "20 notes brought to form 2\n");
  CHECK(content(directory.path() / "7.json") == "{\"id\":7,\"text\":\"text 7\",\"words\":2,\"format\":2}\n");
  REQUIRE(migrate(directory.path(), "1").output == "20 notes brought to form 1\n");
  CHECK(picture(directory.path()) == before);
}

TEST_CASE("names on standard input, with NUL between them, are all that is migrated") {
  const TemporaryDirectory directory;
  for (int id = 1; id <= 5; ++id) note(directory.path(), id, "text");
  using namespace std::string_literals;
  CHECK(migrate(directory.path(), "2", "2.json\0gone.json\0008.json\0lost+found\0004.json\0"s).output ==
        "2 notes brought to form 2\n");
  CHECK(content(directory.path() / "1.json").find("words") == std::string::npos);
  CHECK(content(directory.path() / "4.json").find("words") != std::string::npos);
}

TEST_CASE("a second migration changes nothing") {
  const TemporaryDirectory directory;
  note(directory.path(), 1, "text");
  REQUIRE(migrate(directory.path(), "2").status == 0);
  const auto once = picture(directory.path());
  CHECK(migrate(directory.path(), "2").output == "0 notes brought to form 2\n");
  CHECK(picture(directory.path()) == once);
}

TEST_CASE("a damaged note stays as it is, and the migration says so") {
  const TemporaryDirectory directory;
  note(directory.path(), 1, "text");
  std::ofstream(directory.path() / "2.json") << "{damaged";
  const auto ended = migrate(directory.path(), "2");
  CHECK(ended.status == 1);
  CHECK(ended.output == "1 notes brought to form 2\n");
  CHECK(content(directory.path() / "2.json") == "{damaged");
}

TEST_CASE("an unknown form or a missing directory is refused") {
  const TemporaryDirectory directory;
  CHECK(migrate(directory.path(), "3").status == 2);
  CHECK(migrate(directory.path() / "missing", "2").status == 1);
}
