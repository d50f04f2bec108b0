#include "support/snapshot.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace moult::test {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  const auto text = out.str();
  if (text.size() <= 200) return "\"" + text + "\"";
  return std::to_string(std::hash<std::string>{}(text));
}

std::string extents_of(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY);
  std::string text;
  for (off_t at = 0; (at = ::lseek(fd, at, SEEK_DATA)) >= 0;) {
    text += " " + std::to_string(at) + "-";
    at = ::lseek(fd, at, SEEK_HOLE);
    text += std::to_string(at);
  }
  ::close(fd);
  return text;
}

std::string xattrs_of(const std::string& file) {
  char names[4096], value[4096];
  const auto listed = ::llistxattr(file.c_str(), names, sizeof names);
  std::set<std::string> sorted;
  for (ssize_t at = 0; at < listed; at += static_cast<ssize_t>(std::string(names + at).size()) + 1) {
    const auto size = ::lgetxattr(file.c_str(), names + at, value, sizeof value);
    sorted.insert(std::string(names + at) + "=" + std::string(value, size > 0 ? static_cast<std::size_t>(size) : 0));
  }
  std::string text;
  for (const auto& each : sorted) text += " " + each;
  return text;
}

std::string describe(const std::string& file, const struct stat& st, SnapshotOptions options) {
  std::ostringstream out;
  out << std::oct << st.st_mode << std::dec << " " << st.st_uid << ":" << st.st_gid << " mtime " << st.st_mtim.tv_sec
      << "." << st.st_mtim.tv_nsec << xattrs_of(file);
  if (S_ISREG(st.st_mode)) out << " size " << st.st_size << " " << content_of(file);
  if (S_ISREG(st.st_mode) && options.extents) out << " data" << extents_of(file);
  if (S_ISLNK(st.st_mode)) out << " -> " << fs::read_symlink(file).string();
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) out << " rdev " << st.st_rdev;
  return out.str();
}

}  // namespace

Snapshot snapshot(const std::string& root, SnapshotOptions options) {
  Snapshot all;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names;
  const auto add = [&](const std::string& name) {
    const auto file = name == "." ? root : root + "/" + name;
    struct stat st {};
    if (::lstat(file.c_str(), &st) != 0) return;
    all[name] = describe(file, st, options);
  };
  add(".");
  for (const auto& entry : fs::recursive_directory_iterator(root)) add(entry.path().string().substr(root.size() + 1));
  for (auto& [name, text] : all) {
    struct stat st {};
    ::lstat((root + "/" + name).c_str(), &st);
    if (S_ISDIR(st.st_mode) || st.st_nlink < 2) continue;
    const auto [at, fresh] = first_names.try_emplace({st.st_dev, st.st_ino}, name);
    text += " inode of " + at->second;
  }
  return all;
}

std::vector<std::string> differences(const Snapshot& a, const Snapshot& b) {
  std::vector<std::string> lines;
  for (const auto& [name, text] : a) {
    const auto other = b.find(name);
    if (other == b.end())
      lines.push_back("only on the source: " + name);
    else if (other->second != text)
      lines.push_back(name + "\n    source: " + text + "\n    target: " + other->second);
  }
  for (const auto& [name, text] : b)
    if (!a.contains(name)) lines.push_back("only on the target: " + name);
  return lines;
}

}  // namespace moult::test
