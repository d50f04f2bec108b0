#include <algorithm>

#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

/// Replaces each ${Field} of dpkg-query's format.
std::string formatted(std::string format, const std::string& package, const std::string& version) {
  const std::pair<std::string, std::string> fields[] = {{"${Version}", version},
                                                        {"${Package}", package},
                                                        {"${binary:Package}", package},
                                                        {"${Status}", "install ok installed"},
                                                        {"${db:Status-Status}", "installed"},
                                                        {"${db:Status-Abbrev}", "ii "},
                                                        {"${Architecture}", "amd64"},
                                                        {"\\n", "\n"},
                                                        {"\\t", "\t"}};
  for (const auto& [field, value] : fields)
    for (auto at = format.find(field); at != std::string::npos; at = format.find(field, at + value.size()))
      format.replace(at, field.size(), value);
  return format;
}

Result<> query(Process& process) {
  std::string format = "${binary:Package}\t${Version}\n";
  std::vector<std::string> packages;
  const auto& argv = process.argv();
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i].starts_with("--showformat="))
      format = argv[i].substr(13);
    else if (argv[i] == "-f" && i + 1 < argv.size())
      format = argv[++i];
    else if (argv[i].starts_with("-f="))
      format = argv[i].substr(3);
    else if (argv[i].starts_with("-f"))
      format = argv[i].substr(2);
    else if (!is_option(argv[i]))
      packages.push_back(argv[i]);
  }
  for (const auto& package : packages) {
    const auto found = process.files().find(package_path(package));
    if (found == process.files().end()) {
      process.outcome.exit_code = 1;
      process.outcome.err += "dpkg-query: no packages found matching " + package + "\n";
      continue;
    }
    process.outcome.out += formatted(format, package, trimmed(found->second.content));
  }
  return {};
}

/// "notes-api_1%3a2.0.0_amd64.deb" -> {"notes-api", "1:2.0.0"}.
std::pair<std::string, std::string> package_in(std::string_view file) {
  const auto first = file.find('_');
  if (first == std::string_view::npos) return {std::string(file.substr(0, file.rfind(".deb"))), "0"};
  const auto second = file.find('_', first + 1);
  std::string version(
      file.substr(first + 1, second == std::string_view::npos ? std::string_view::npos : second - first - 1));
  if (second == std::string_view::npos && version.ends_with(".deb")) version.resize(version.size() - 4);
  if (const auto colon = version.find("%3a"); colon != std::string::npos) version.replace(colon, 3, ":");
  return {std::string(file.substr(0, first)), version};
}

Result<> install(Process& process, const std::string& path) {
  if (process.files().count(path) == 0)
    return process.complain(1, "error: cannot access archive '" + path + "': No such file or directory");
  auto [package, version] = package_in(base_name(path));
  // The file's name is all that is known of a package here, except of the vendor's: there the descriptor says more.
  const auto* component = process.world.vendor().component_of_payload(base_name(path));
  if (component != nullptr && component->detect.kind == DriverKind::deb &&
      (component->detect.package == package || component->update.packages.size() == 1)) {
    package = component->detect.package;
    version = component->level.to;
  }
  process.world.write(process.domain, package_path(package), {FileNode::Kind::file, 0644, 0, 0, version + "\n"});
  process.outcome.out += "Setting up " + package + " (" + version + ") ...\n";
  return {};
}

Result<> dpkg(Process& process) {
  const auto& argv = process.argv();
  const auto has = [&](const char* word) { return std::find(argv.begin(), argv.end(), word) != argv.end(); };
  if (has("-l") || has("-s") || has("-W") || has("--status")) return query(process);
  if (!has("-i") && !has("--install") && !has("--unpack") && !has("-r") && !has("--remove") && !has("-P") &&
      !has("--purge"))
    return {};
  if (!writable(process.world, process.domain, "/var")) return still_frozen(process.world, process.command);
  const bool removes = has("-r") || has("--remove") || has("-P") || has("--purge");
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (is_option(argv[i])) continue;
    if (removes)
      process.world.erase(process.domain, package_path(argv[i]));
    else
      MOULT_TRY(install(process, argv[i]));
  }
  // Maintainer scripts start what they brought.
  const auto stopped = process.domain.guest.stopped;
  for (const auto& unit : stopped)
    if (!removes && !unit.starts_with("hook ")) process.world.set_stopped(process.domain, unit, false);
  return {};
}

std::string unit_of(const std::string& word) {
  return word.ends_with(".service") ? word.substr(0, word.size() - 8) : word;
}

Result<> systemctl(Process& process) {
  std::vector<std::string> words;
  for (std::size_t i = 1; i < process.argv().size(); ++i)
    if (!is_option(process.argv()[i])) words.push_back(process.argv()[i]);
  if (words.empty()) return {};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto unit = unit_of(words[i]);
    const bool runs = process.domain.guest.stopped.count(unit) == 0;
    if (words[0] == "stop") process.world.set_stopped(process.domain, unit, true);
    if (words[0] == "start" || words[0] == "restart") process.world.set_stopped(process.domain, unit, false);
    if (words[0] == "is-active") {
      process.outcome.out += runs ? "active\n" : "inactive\n";
      if (!runs) process.outcome.exit_code = 3;
    }
  }
  if (words[0] == "is-system-running") process.outcome.out += "running\n";
  return {};
}

}  // namespace

Ran run_package_tool(Process& process, std::string_view program) {
  if (program == "dpkg-query") return query(process);
  if (program == "dpkg") return dpkg(process);
  if (program == "systemctl") return systemctl(process);
  if (program == "ldconfig" || program == "dpkg-divert") return Result<>{};
  return std::nullopt;
}

}  // namespace moult::sim
