#include "drivers/libvirt/base64.hpp"

#include "catch.hpp"
#include "drivers/libvirt/overlay_store.hpp"

using namespace moult;
using namespace moult::virt;

TEST_CASE("bytes come back from base64 as they went, at every length") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST_CASE("what a hostile guest sends instead of base64 is nothing") {
  for (const char* text : {"Z", "Zg=", "Z===", "====", "Zm9v!!!!", "Zm=v", "\xff\xff\xff\xff"}) {
    INFO(text);
    CHECK_FALSE(from_base64(text));
  }
}

TEST_CASE("a URI without a host is this machine's own") {
  CHECK(is_local("qemu:///system"));
  CHECK(is_local("qemu+unix:///system?socket=/x"));
  CHECK_FALSE(is_local("qemu://host/system"));
  CHECK_FALSE(is_local("qemu+ssh:///system"));
  CHECK_FALSE(is_local("qemu+tcp://127.0.0.1/system"));
  CHECK_FALSE(is_local("nonsense"));
}
