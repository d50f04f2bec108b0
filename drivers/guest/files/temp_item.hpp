#pragma once

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/record.hpp"

namespace moult::files {

/// Something made whole beside the path that it will take, under a temporary name or none. Gone again unless it was
/// installed.
class TempItem {
 public:
  explicit TempItem(Tree& tree) : tree_(tree) {}
  ~TempItem() { discard(); }
  TempItem(const TempItem&) = delete;
  TempItem& operator=(const TempItem&) = delete;

  /// Makes an empty file for `path`, to be written through `fd()`. `fresh`: nothing is known to be there, so that it
  /// may have no name before its own, where the file system allows that.
  Result<> make_file(const std::string& path, bool fresh = false);
  /// Makes whatever else a record describes, with its metadata; directories without their times.
  Result<> make_special(const Meta& meta);
  /// Makes a further name for an inode.
  Result<> make_link(const std::string& path, const std::string& first);
  /// Sets owner, mode, xattrs and times of a file. `size` is its length.
  Result<> dress_file(const Meta& meta, std::uint64_t size);

  /// Takes the path's place at one moment. `present` is what is there now. A directory that was there is removed.
  Result<> install(const std::optional<struct stat>& present);
  void discard();

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Result<Place> start(const std::string& path);
  [[nodiscard]] Result<struct stat> look() const;
  Result<bool> name(const Place& place) const;
  Result<> dress(const Meta& meta, const struct stat& now) const;
  Tree& tree_;
  std::string path_, temp_;  ///< relative to the root
  bool directory_ = false;
  Fd fd_;
};

}  // namespace moult::files
