#pragma once

#include <initializer_list>
#include <string>

namespace moult::test {

/// Directories on file systems that this test program alone sees. The first use moves the program into a mount
/// namespace of its own. Everything goes away with the program. Needs root.
class Sandbox {
 public:
  static Sandbox& get();
  /// A new empty directory on a tmpfs.
  [[nodiscard]] std::string directory(const std::string& name);
  /// A new empty ext4 file system in a file, mounted by a loop device. Inodes of 128 bytes have whole seconds alone.
  [[nodiscard]] std::string ext4(const std::string& name, unsigned mebibytes = 64, unsigned inode_bytes = 256);
  /// The same, its image lying on another file system.
  [[nodiscard]] std::string ext4_in(const std::string& directory, const std::string& name, unsigned mebibytes,
                                    unsigned inode_bytes = 256);
  /// A new tmpfs of a given size.
  [[nodiscard]] std::string small_tmpfs(const std::string& name, unsigned kibibytes);

 private:
  Sandbox();
  [[nodiscard]] std::string fresh(const std::string& name);
  std::string base_;
  int count_ = 0;
};

/// Runs a program and requires that it succeeds.
void run(const std::initializer_list<std::string>& argv);

}  // namespace moult::test
