#pragma once

#include "drivers/guest/files/apply_round.hpp"

namespace moult::files {

/// Two files in a directory of root's own, for a merge command to read and write. Removed with this object.
class MergeFiles {
 public:
  static Result<MergeFiles> make(const std::string& work_dir);
  MergeFiles(MergeFiles&&) = default;
  ~MergeFiles();
  /// Copies all of an open file.
  Result<> put_original(int fd) const { return put(original(), fd); }
  Result<> put_clone(int fd) const { return put(clone(), fd); }
  /// Copies the merged version out.
  Result<> get_clone(int fd) const;
  [[nodiscard]] std::string original() const { return directory_ + "/original"; }
  [[nodiscard]] std::string clone() const { return directory_ + "/clone"; }

 private:
  MergeFiles() = default;
  static Result<> put(const std::string& path, int fd);
  std::string directory_;
};

/// Runs a command with a plain environment and nothing on its standard streams. False when it does not end with exit
/// code 0, or not in time; then its whole process group was killed.
Result<bool> run_quietly(const std::vector<std::string>& argv, Millis timeout);

}  // namespace moult::files
