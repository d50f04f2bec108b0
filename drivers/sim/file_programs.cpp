#include <algorithm>

#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

std::string normal(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// The words that are no options, behind the program's name.
std::vector<std::string> operands(const Process& process) {
  std::vector<std::string> words;
  for (std::size_t i = 1; i < process.argv().size(); ++i) {
    const auto& word = process.argv()[i];
    if (word.size() < 2 || word[0] != '-') words.push_back(normal(word));
  }
  return words;
}

bool has_option(const Process& process, char letter) {
  return std::any_of(process.argv().begin() + 1, process.argv().end(), [letter](const std::string& word) {
    return word.size() > 1 && word[0] == '-' && word[1] != '-' && word.find(letter) != std::string::npos;
  });
}

/// What the kernel of a simulated guest says of its mounts: one disk.
constexpr std::string_view kMounts = "/dev/vda1 / ext4 rw,relatime 0 0\n";
constexpr std::string_view kMountInfo = "21 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n";

Result<> cat(Process& process) {
  const auto paths = operands(process);
  if (paths.empty()) process.outcome.out = process.command.input;
  for (const auto& path : paths) {
    const auto found = process.files().find(path);
    if (path == "/proc/self/mounts")
      process.outcome.out += kMounts;
    else if (path == "/proc/self/mountinfo")
      process.outcome.out += kMountInfo;
    else if (found == process.files().end())
      MOULT_TRY(process.complain(1, path + ": No such file or directory"));
    else
      process.outcome.out += found->second.content;
  }
  return {};
}

std::vector<std::string> at_or_below(Process& process, const std::string& path) {
  std::vector<std::string> found;
  auto& files = process.files();
  if (files.count(path) != 0) found.push_back(path);
  for (auto at = files.lower_bound(path + "/"); at != files.end() && is_below(at->first, path); ++at)
    found.push_back(at->first);
  return found;
}

/// realpath(1): no simulated path is a link. -e: it must be there, and "DIRECTORY/." is one only of what is a
/// directory.
Result<> real_path(Process& process) {
  const bool must_be = !has_option(process, 'm');
  const char end = has_option(process, 'z') ? '\0' : '\n';
  for (auto path : operands(process)) {
    const bool as_directory = path.ends_with("/.");
    if (as_directory) path = normal(path.substr(0, path.size() - 1));
    const auto found = at_or_below(process, path);
    if (found.empty() && must_be) {
      MOULT_TRY(process.complain(1, path + ": No such file or directory"));
    } else if (must_be && as_directory && found.size() == 1 && found[0] == path &&
               process.files().at(path).kind == FileNode::Kind::file) {
      MOULT_TRY(process.complain(1, path + ": Not a directory"));
    } else {
      process.outcome.out += path + end;
    }
  }
  return {};
}

Result<> remove(Process& process) {
  for (const auto& path : operands(process)) {
    const auto found = at_or_below(process, path);
    if (found.empty() && !has_option(process, 'f'))
      MOULT_TRY(process.complain(1, path + ": No such file or directory"));
    for (const auto& one : found) process.world.erase(process.domain, one);
  }
  return {};
}

Result<> make_directories(Process& process) {
  for (const auto& path : operands(process))
    if (path.starts_with("/") && !is_directory(process.files(), path))
      process.world.write(process.domain, path, {FileNode::Kind::directory, 0755, 0, 0, {}});
  return {};
}

/// mv and cp, of files and trees; into a directory when the last word is one and -T was not given.
Result<> relocate(Process& process, bool keep) {
  auto words = operands(process);
  if (words.size() < 2) return process.complain(1, "missing operand");
  const std::string last = words.back();
  words.pop_back();
  const bool into = is_directory(process.files(), last) && !has_option(process, 'T');
  for (const auto& from : words) {
    const auto found = at_or_below(process, from);
    if (found.empty()) {
      MOULT_TRY(process.complain(1, "cannot stat '" + from + "': No such file or directory"));
      continue;
    }
    const auto to = into ? last + from.substr(from.find_last_of('/')) : last;
    for (const auto& one : found) {
      process.world.write(process.domain, to + one.substr(from.size()), process.files().at(one));
      if (!keep) process.world.erase(process.domain, one);
    }
  }
  return {};
}

Result<> test(Process& process) {
  const auto& argv = process.argv();
  bool negate = false;
  bool good = false;
  for (std::size_t i = 1; i + 1 < argv.size(); ++i) {
    if (argv[i] == "!") negate = true;
    const auto path = normal(argv[i + 1]);
    const auto found = process.files().find(path);
    if (argv[i] == "-d") good = is_directory(process.files(), path);
    if (argv[i] == "-f") good = found != process.files().end() && found->second.kind == FileNode::Kind::file;
    if (argv[i] == "-e") good = found != process.files().end() || is_directory(process.files(), path);
    if (argv[i] == "-x") good = found != process.files().end() && (found->second.mode & 0111U) != 0;
  }
  process.outcome.exit_code = good == negate ? 1 : 0;
  return {};
}

Result<> touch(Process& process) {
  for (const auto& path : operands(process)) {
    const auto found = process.files().find(path);
    process.world.write(process.domain, path, found == process.files().end() ? FileNode{} : found->second);
  }
  return {};
}

}  // namespace

Ran run_file_tool(Process& process, std::string_view program) {
  if (program == "cat") return cat(process);
  if (program == "test") return test(process);
  if (program == "realpath") return real_path(process);
  const bool writes = program == "rm" || program == "mv" || program == "cp" || program == "mkdir" ||
                      program == "touch" || program == "tar" || program == "chmod" || program == "chown" ||
                      program == "install";
  if (!writes) return std::nullopt;
  for (const auto& path : operands(process))
    if (path.starts_with("/") && !writable(process.world, process.domain, path))
      return still_frozen(process.world, process.command);
  if (program == "rm") return remove(process);
  if (program == "mkdir") return make_directories(process);
  if (program == "mv") return relocate(process, false);
  if (program == "cp") return relocate(process, true);
  if (program == "tar") return unpack_tar(process);
  if (program == "touch") return touch(process);
  return Result<>{};
}

}  // namespace moult::sim
