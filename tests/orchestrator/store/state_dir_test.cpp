#include "orchestrator/store/state_dir.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

/// What a process without privileges would use, with the environment given.
std::string default_of(uid_t user, const char* xdg, const char* home) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  if (child == 0) {
    xdg ? ::setenv("XDG_STATE_HOME", xdg, 1) : ::unsetenv("XDG_STATE_HOME");
    ::setenv("HOME", home, 1);
    if (::geteuid() == 0 && ::setuid(user) != 0) ::_exit(1);
    const auto path = state_dir_default();
    ::_exit(::write(ends[1], path.data(), path.size()) > 0 ? 0 : 1);
  }
  ::close(ends[1]);
  std::string path(4096, '\0');
  const auto size = ::read(ends[0], path.data(), path.size());
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return path.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
}

}  // namespace

TEST_CASE("everybody but root keeps state in the XDG state home") {
  CHECK(default_of(65534, "/tmp/xdg", "/home/x") == "/tmp/xdg/moult");
  CHECK(default_of(65534, nullptr, "/home/x") == "/home/x/.local/state/moult");
  CHECK(default_of(65534, "relative", "/home/x") == "/home/x/.local/state/moult");
}

TEST_CASE("root keeps state in /var/lib") {
  REQUIRE(::geteuid() == 0);
  CHECK(state_dir_default() == "/var/lib/moult");
}

TEST_CASE("a private directory is made with its parents, once") {
  const TemporaryDirectory directory;
  const auto path = directory.path() + "/a/b/c/";
  REQUIRE(make_private_directory(path));
  CHECK(make_private_directory(path));
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms::owner_all);
}

TEST_CASE("what is in the place of a directory is an error") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/file") << "x";
  CHECK(make_private_directory(directory.path() + "/file").error().code == Code::refused);
  CHECK_FALSE(make_private_directory(directory.path() + "/file/below"));
}
