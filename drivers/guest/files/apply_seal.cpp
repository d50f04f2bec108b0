// Flags that forbid changes. A file that is immutable or append-only gets no further name and loses none, so within a
// round such files do without, and get the flags at its end.
#include <sys/stat.h>

#include <cerrno>

#include "drivers/guest/files/apply_round.hpp"
#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

/// What was made and installed for the present record; what an inode of this number had that is gone does not count.
Result<> ApplyRound::seal_later(std::uint32_t inode_flags) {
  struct stat st {};
  if (::fstat(temp_->fd(), &st) != 0) return system_failure("cannot look at what was made", errno);
  sealed_.erase({st.st_dev, st.st_ino});
  if (forbids_changes(inode_flags))
    sealed_[{st.st_dev, st.st_ino}] = inode_flags;
  else if (inode_flags != 0)
    return write_inode_flags(temp_->fd(), inode_flags);
  return {};
}

/// Lets names of a file come and go until the round's end. False: nothing forbade it.
Result<bool> ApplyRound::unseal(const std::string& path) {
  MOULT_ASSIGN(const auto place, tree_.place(path));
  const Fd fd = place ? open_file_at(*place) : Fd();
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0) return false;
  const auto flags = read_inode_flags(fd.get());
  if (!forbids_changes(flags)) return false;
  sealed_[{st.st_dev, st.st_ino}] = flags;
  make_mutable(fd.get());
  return true;
}

/// Under whatever name it has now. That the flags move its stamp is no change of the target's own.
Result<> ApplyRound::seal(const Inode& inode, std::uint32_t flags) {
  for (const auto& name : manifest_.with_inode(inode.second)) {
    MOULT_ASSIGN(const auto place, tree_.place(name));
    const Fd fd = place ? open_file_at(*place) : Fd();
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0 || inode != Inode(st.st_dev, st.st_ino)) continue;
    const auto names = names_as_known(st);
    if (auto done = write_inode_flags(fd.get(), flags); !done) return pass(std::move(done), "file " + shown(name));
    return restamp(names);
  }
  return {};
}

Result<> ApplyRound::seal_files() {
  for (const auto& [inode, flags] : sealed_) MOULT_TRY(seal(inode, flags));
  sealed_.clear();
  return {};
}

}  // namespace moult::files
