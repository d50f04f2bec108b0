#include <algorithm>
#include <charconv>

#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

constexpr std::size_t kBlock = 512;

/// One member of a tar file, as its header describes it.
struct Member {
  std::string path, link;
  char type = '0';
  std::uint32_t mode = 0;
  std::size_t size = 0;
};

std::string text_field(std::string_view header, std::size_t at, std::size_t size) {
  return std::string(header.substr(at, std::min(size, header.substr(at).find('\0'))));
}

std::uint64_t octal_field(std::string_view header, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  const auto text = text_field(header, at, size);
  const auto first = text.find_first_not_of(' ');
  if (first != std::string::npos) std::from_chars(text.data() + first, text.data() + text.size(), value, 8);
  return value;
}

Member member_in(std::string_view header) {
  Member member{text_field(header, 0, 100), text_field(header, 157, 100), header[156],
                static_cast<std::uint32_t>(octal_field(header, 100, 8)), octal_field(header, 124, 12)};
  const auto prefix = text_field(header, 345, 155);
  if (!prefix.empty()) member.path = prefix + "/" + member.path;
  return member;
}

/// The path that a pax header ("24 path=...\n" among its lines) gives the member behind it; empty: none.
std::string pax_path(std::string_view records) {
  const auto at = records.find(" path=");
  if (at == std::string_view::npos) return {};
  const auto begin = at + 6;
  return std::string(records.substr(begin, records.find('\n', begin) - begin));
}

void unpack(Process& process, const Member& member, std::string content, const std::string& directory) {
  auto path = directory + "/" + member.path;
  while (path.back() == '/') path.pop_back();
  FileNode node{FileNode::Kind::file, member.mode, 0, 0, std::move(content)};
  if (member.type == '5') node.kind = FileNode::Kind::directory;
  if (member.type == '2') node = {FileNode::Kind::symlink, 0777, 0, 0, member.link};
  if (member.type == '1') {
    const auto first = process.files().find(directory + "/" + member.link);
    if (first != process.files().end()) node.content = first->second.content;
  }
  process.world.write(process.domain, path, std::move(node));
}

/// False when the bytes are no tar file.
bool unpack_all(Process& process, const std::string& archive, const std::string& directory) {
  std::string long_path;
  bool any = false;
  for (std::size_t at = 0; at + kBlock <= archive.size() && archive[at] != '\0';) {
    const std::string_view header(archive.data() + at, kBlock);
    if (header.substr(257, 5) != "ustar") return any;
    auto member = member_in(header);
    at += kBlock;
    auto content = archive.substr(std::min(at, archive.size()), member.size);
    at += (member.size + kBlock - 1) / kBlock * kBlock;
    if (member.type == 'x') {
      long_path = pax_path(content);
      continue;
    }
    if (!long_path.empty()) member.path = std::exchange(long_path, {});
    unpack(process, member, std::move(content), directory);
    any = true;
  }
  return any;
}

}  // namespace

/// A payload that is no real archive (a trial without payload) still brings the file that tells its component's level.
Result<> unpack_tar(Process& process) {
  const auto& argv = process.argv();
  const auto behind = [&](const char* option) {
    const auto at = std::find(argv.begin(), argv.end(), option);
    return at == argv.end() || at + 1 == argv.end() ? std::string() : *(at + 1);
  };
  const auto file = behind("-f");
  const auto directory = behind("-C");
  const auto archive = process.files().find(file);
  if (archive == process.files().end()) return process.complain(2, file + ": Cannot open: No such file or directory");
  if (unpack_all(process, archive->second.content, directory)) return {};
  const auto* component = process.world.vendor().component_of_payload(file.substr(file.find_last_of('/') + 1));
  if (component == nullptr) return process.complain(2, "This does not look like a tar archive");
  const auto& level_file = component->detect.file;
  if (is_below(level_file, component->update.unpack_to))
    process.world.write(process.domain, directory + level_file.substr(component->update.unpack_to.size()),
                        {FileNode::Kind::file, 0644, 0, 0, component->level.to + "\n"});
  return {};
}

}  // namespace moult::sim
