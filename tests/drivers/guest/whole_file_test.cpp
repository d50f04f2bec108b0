#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "drivers/guest/local_access.hpp"

using namespace moult;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/moult-files-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::recursive_directory_iterator(path), {}));
  }
  std::string path;
};

ByteSource text(std::string content) {
  return [content, at = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const auto count = std::min(into.size(), content.size() - at);
    std::memcpy(into.data(), content.data() + at, count);
    at += count;
    return count;
  };
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a file is put whole, with its mode, below directories that did not exist") {
  Folder folder;
  guest::LocalAccess access;
  const auto path = folder.path + "/a/b/file";
  REQUIRE(access.put(path, 0640, text("content")));
  CHECK(slurp(path) == "content");
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0640);
  REQUIRE(access.put(path, 0755, text("")));
  CHECK(slurp(path).empty());
  CHECK(folder.entries() == 3);
}

TEST_CASE("a put that fails half way leaves the old file and nothing else") {
  Folder folder;
  guest::LocalAccess access;
  const auto path = folder.path + "/file";
  REQUIRE(access.put(path, 0600, text("old")));
  int calls = 0;
  const auto put = access.put(path, 0600, [&](std::span<std::byte> into) -> Result<std::size_t> {
    if (++calls == 3) return fail(Code::interrupted, "no more");
    return into.size();
  });
  REQUIRE_FALSE(put);
  CHECK(put.error().code == Code::interrupted);
  CHECK(slurp(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("paths that cannot be are errors of their kind") {
  Folder folder;
  guest::LocalAccess access;
  CHECK(access.put("relative", 0600, text("x")).error().code == Code::invalid);
  CHECK(access.put(folder.path, 0600, text("x")).error().code == Code::invalid);
  CHECK(access.put("/proc/nothing/here", 0600, text("x")).error().code != Code::internal);
  const auto sink = [](Bytes) -> Result<> { return {}; };
  CHECK(access.get(folder.path + "/missing", sink).error().code == Code::not_found);
  CHECK(access.get(folder.path, sink).error().code == Code::invalid);
}

TEST_CASE("reading a pipe without a writer is refused, not waited for") {
  Folder folder;
  guest::LocalAccess access;
  const auto path = folder.path + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(access.get(path, [](Bytes) -> Result<> { return {}; }).error().code == Code::invalid);
}

TEST_CASE("a sink's error ends a get") {
  guest::LocalAccess access;
  const auto got = access.get("/etc/passwd", [](Bytes) -> Result<> { return fail(Code::no_space, "full"); });
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Code::no_space);
}

TEST_CASE("files of the kernel, whose size is unknown, are read whole") {
  guest::LocalAccess access;
  std::string content;
  REQUIRE(access.get("/proc/self/mountinfo", [&](Bytes bytes) -> Result<> {
    content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  CHECK_FALSE(content.empty());
}
