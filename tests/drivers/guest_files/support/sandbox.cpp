#include "support/sandbox.hpp"

#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace moult::test {
namespace {

void must(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what + ": " + std::strerror(errno) + " (these tests need root)");
}

}  // namespace

void run(const std::initializer_list<std::string>& argv) {
  std::vector<char*> raw;
  for (const auto& word : argv) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, raw[0], nullptr, nullptr, raw.data(), environ);
  int status = 0;
  if (failed != 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(*argv.begin() + " failed");
}

Sandbox& Sandbox::get() {
  static Sandbox sandbox;
  return sandbox;
}

Sandbox::Sandbox() {
  must(::unshare(CLONE_NEWNS) == 0, "unshare");
  must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount --make-rprivate");
  std::string base = "/tmp/moult-files-XXXXXX";
  must(::mkdtemp(base.data()) != nullptr, "mkdtemp");
  must(::mount("tmpfs", base.c_str(), "tmpfs", 0, "mode=755") == 0, "mount tmpfs");
  base_ = base;
}

std::string Sandbox::fresh(const std::string& name) {
  auto path = base_ + "/" + std::to_string(count_++) + "-" + name;
  must(::mkdir(path.c_str(), 0755) == 0, "mkdir " + path);
  return path;
}

std::string Sandbox::directory(const std::string& name) { return fresh(name); }

std::string Sandbox::small_tmpfs(const std::string& name, unsigned kibibytes) {
  const auto path = fresh(name);
  const auto options = "size=" + std::to_string(kibibytes) + "k";
  must(::mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) == 0, "mount tmpfs");
  return path;
}

std::string Sandbox::ext4(const std::string& name, unsigned mebibytes, unsigned inode_bytes) {
  return ext4_in(base_, name, mebibytes, inode_bytes);
}

std::string Sandbox::ext4_in(const std::string& directory, const std::string& name, unsigned mebibytes,
                             unsigned inode_bytes) {
  const auto path = fresh(name), image = directory + "/" + name + ".img";
  run({"truncate", "-s", std::to_string(mebibytes) + "M", image});
  run({"mkfs.ext4", "-q", "-F", "-b", "4096", "-I", std::to_string(inode_bytes), image});
  run({"mount", "-o", "loop", image, path});
  must(::unlink(image.c_str()) == 0, "unlink " + image);
  return path;
}

}  // namespace moult::test
