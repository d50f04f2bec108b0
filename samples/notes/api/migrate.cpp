// notes-migrate --to FORMAT [--root DIR]: brings stored notes to a form, in place and idempotently. Names relative to
// the root come on standard input, with NUL between them; where standard input is empty, the whole set is meant.
// Owner, mode and times of each file stay what they were, so that going there and back leaves no trace. A whole set is
// synced once at the end; the few names of a round are not: moult syncs the file system when clients wait no longer.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "files.hpp"
#include "note.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_on_input() {
  std::vector<std::string> names;
  for (std::string name; std::getline(std::cin, name, '\0');) {
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

std::vector<std::string> all_names(const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) names.push_back(entry.path().filename().string());
  return names;
}

/// A note in its new form, waiting under a temporary name.
struct Converted {
  fs::path temporary, path;
};

void take_attributes(const fs::path& path, const struct stat& before) {
  const std::array<timespec, 2> times{before.st_atim, before.st_mtim};
  if (::chown(path.c_str(), before.st_uid, before.st_gid) != 0 || ::chmod(path.c_str(), before.st_mode & 07777) != 0 ||
      ::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0) {
    throw std::system_error(errno, std::generic_category(), path.string());
  }
}

/// Who waits for the disk. A few notes that were just carried over are their carrier's to sync, clients may be waiting.
enum class Sync { here, caller };

class Migration {
 public:
  Migration(fs::path root, int format, Sync sync) : root_(std::move(root)), format_(format), sync_(sync) {}

  /// Names that are no notes, and notes that are gone or in the right form already, are left alone.
  void convert(const std::string& name) {
    const fs::path path = root_ / name;
    struct stat before {};
    if (!notes::id_of_file(name) || ::lstat(path.c_str(), &before) != 0 || !S_ISREG(before.st_mode)) return;
    const auto bytes = notes::read_file(path);
    if (!bytes) return;
    const auto stored = notes::from_json(*bytes);
    if (!stored) return complain(name);
    if (stored->format == format_) return;
    const auto json = *notes::to_json(stored->note, format_);
    if (sync_ == Sync::caller && json.size() >= bytes->size()) return write_over(path, json, before);
    const auto temporary = notes::write_beside(path, json);
    take_attributes(temporary, before);
    waiting_.push_back({temporary, path});
    if (waiting_.size() >= kBatch) put_in_place();
  }

  /// One wait for the disk for many notes: each is whole, in the old form or in the new one, also after a crash.
  /// Renaming what is not on the disk yet would make ext4 write each file by itself.
  void put_in_place() {
    if (waiting_.empty()) return;
    if (sync_ == Sync::here) notes::sync_all(root_);
    for (const auto& note : waiting_) replace(note);
    if (sync_ == Sync::here) notes::sync_all(root_);
    converted_ += waiting_.size();
    waiting_.clear();
  }

  [[nodiscard]] std::size_t converted() const { return converted_; }
  [[nodiscard]] bool all_readable() const { return all_readable_; }

 private:
  static constexpr std::size_t kBatch = 5000;

  /// A form that is longer goes over the shorter one in a single write: no crash of this program can tear it, and it
  /// costs a fraction of a new file. A crash of the machine could, which the clone does not outlive anyway.
  void write_over(const fs::path& path, const std::string& json, const struct stat& before) {
    notes::write_over(path, json);
    take_attributes(path, before);
    ++converted_;
  }

  /// ext4 writes a file that is renamed over another one out at once, which costs more than all the rest; an exchange
  /// does not.
  void replace(const Converted& note) const {
    if (sync_ == Sync::here) return fs::rename(note.temporary, note.path);
    if (::renameat2(AT_FDCWD, note.temporary.c_str(), AT_FDCWD, note.path.c_str(), RENAME_EXCHANGE) != 0)
      throw std::system_error(errno, std::generic_category(), note.path.string());
    fs::remove(note.temporary);
  }

  void complain(const std::string& name) {
    all_readable_ = false;
    std::fprintf(stderr, "notes-migrate: %s is no note in a known form\n", name.c_str());
  }

  fs::path root_;
  int format_;
  Sync sync_;
  std::vector<Converted> waiting_;
  std::size_t converted_ = 0;
  bool all_readable_ = true;
};

int convert_all(const fs::path& root, const std::vector<std::string>& names, int format, Sync sync) {
  Migration migration(root, format, sync);
  for (const auto& name : names) migration.convert(name);
  migration.put_in_place();
  std::printf("%zu notes brought to form %d\n", migration.converted(), format);
  return migration.all_readable() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  int format = 0;
  fs::path root = "/var/lib/notes";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--to") == 0) format = static_cast<int>(notes::parse_id(argv[i + 1]).value_or(0));
    if (std::strcmp(argv[i], "--root") == 0) root = argv[i + 1];
  }
  if (format < notes::kOldestFormat || format > notes::kNewestFormat) {
    std::fprintf(stderr, "usage: notes-migrate --to 1|2 [--root DIR] [<names, NUL between them]\n");
    return 2;
  }
  try {
    const auto names = names_on_input();
    if (!names.empty()) return convert_all(root, names, format, Sync::caller);
    return convert_all(root, all_names(root), format, Sync::here);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "notes-migrate: %s\n", failure.what());
    return 1;
  }
}
