#include "drivers/libvirt/image_claims.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"

using namespace moult;
using namespace moult::virt;

namespace {

Description domain(const std::string& name, const std::string& target, const std::string& path) {
  Description seen;
  seen.name = name;
  DiskEntry disk;
  disk.target = target;
  disk.device = "disk";
  disk.source_kind = "file";
  disk.path = path;
  seen.disks.push_back(disk);
  return seen;
}

}  // namespace

TEST_CASE("an image that another domain writes too is named with that domain and its disk") {
  ImageClaims claims(false);
  const auto web = domain("web", "vdb", "/img/data.qcow2");
  claims.add(web);
  claims.add(web);
  claims.add(domain("db", "vda", "/img/db.qcow2"));
  CHECK(claims.against(web).empty());
  claims.add(domain("old-web", "vdc", "/img/data.qcow2"));
  const auto reasons = claims.against(web);
  REQUIRE(reasons.size() == 1);
  CHECK(reasons.front() == "disk vdb (/img/data.qcow2) is disk vdc of domain old-web too, which may write it");
}

TEST_CASE("an image that others only read, and a disk without one, is nobody's to write") {
  ImageClaims claims(false);
  auto reader = domain("reader", "vdb", "/img/data.qcow2");
  reader.disks.front().read_only = true;
  claims.add(reader);
  claims.add(domain("empty", "vdb", ""));
  CHECK(claims.against(domain("web", "vdb", "/img/data.qcow2")).empty());
  CHECK(claims.against(domain("web", "vdb", "")).empty());
}

TEST_CASE("on this host one file is one by whatever links lead to it") {
  const auto folder = std::filesystem::temp_directory_path() / ("moult-claims-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "data.raw") << "x";
  std::filesystem::create_symlink("data.raw", folder / "link.raw");
  for (const bool here : {true, false}) {
    ImageClaims claims(here);
    claims.add(domain("other", "vdb", folder / "link.raw"));
    CHECK(claims.against(domain("web", "vdb", folder / "data.raw")).size() == (here ? 1 : 0));
  }
  std::filesystem::remove_all(folder);
}
