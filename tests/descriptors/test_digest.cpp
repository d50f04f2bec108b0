#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "descriptors/base/digest.hpp"

namespace moult {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/moult-digest-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("SHA-256 of bytes is that of FIPS 180-4") {
  CHECK(sha256_hex(std::string_view()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a file larger than one read has the digest of its bytes") {
  const Folder folder;
  const auto path = folder.path + "/file";
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += std::to_string(i);
  std::ofstream(path) << bytes;
  const auto digest = digest_file(path);
  REQUIRE(digest);
  CHECK(digest->size == bytes.size());
  CHECK(digest->sha256 == sha256_hex(bytes));
}

TEST_CASE("what is no file gives an error and does not hold the caller") {
  const Folder folder;
  CHECK(digest_file(folder.path + "/absent").error().code == Code::not_found);
  CHECK(digest_file(folder.path).error().code == Code::invalid);
  const auto pipe = folder.path + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(digest_file(pipe).error().code == Code::invalid);
}

}  // namespace
}  // namespace moult
