#include "drivers/sim/programs.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace moult::sim {
namespace {

constexpr Time kSecond = 1'000'000;

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

Result<> sleep_for(Process& process) {
  const double seconds = process.argv().size() > 1 ? std::atof(process.argv()[1].c_str()) : 0;
  const auto wanted = static_cast<Time>(seconds * static_cast<double>(kSecond));
  const Time allowed = process.command.timeout.count() * 1000;
  process.world.advance(std::min(wanted, allowed));
  if (wanted <= allowed) return {};
  return fail(Code::timeout,
              "sleep did not end within " + std::to_string(process.command.timeout.count()) + " ms and was killed");
}

void unescape(std::string& out, std::string_view format, std::size_t& i) {
  switch (format[++i]) {
    case 'n':
      out.push_back('\n');
      break;
    case 't':
      out.push_back('\t');
      break;
    case '0':
      out.push_back('\0');
      break;
    default:
      out.push_back(format[i]);
  }
}

/// printf(1) with %s, %d and %%: arguments are taken as they are, and the format is used again while any are left.
Result<> print(Process& process) {
  const auto& argv = process.argv();
  if (argv.size() < 2) return process.complain(1, "missing operand");
  const std::string_view format = argv[1];
  std::size_t next = 2;
  bool took = false;
  do {
    took = false;
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '\\' && i + 1 < format.size()) {
        unescape(process.outcome.out, format, i);
      } else if (format[i] == '%' && i + 1 < format.size()) {
        if (format[++i] == '%') {
          process.outcome.out.push_back('%');
        } else if (next < argv.size()) {
          process.outcome.out.append(argv[next++]);
          took = true;
        }
      } else {
        process.outcome.out.push_back(format[i]);
      }
    }
  } while (took && next < argv.size());
  return {};
}

Result<> echo(Process& process) {
  for (std::size_t i = 1; i < process.argv().size(); ++i)
    process.outcome.out.append(i > 1 ? " " : "").append(process.argv()[i]);
  process.outcome.out.push_back('\n');
  return {};
}

std::map<std::string, std::string> environment(const Command& command) {
  auto all = command.env;
  all.try_emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  all.try_emplace("LANG", "C.UTF-8");
  return all;
}

Result<> print_environment(Process& process) {
  for (const auto& [name, value] : environment(process.command)) process.outcome.out += name + "=" + value + "\n";
  return {};
}

Result<> print_variable(Process& process) {
  const auto all = environment(process.command);
  const auto found = process.argv().size() > 1 ? all.find(process.argv()[1]) : all.end();
  if (found == all.end()) {
    process.outcome.exit_code = 1;
    return {};
  }
  process.outcome.out += found->second + "\n";
  return {};
}

/// Does the component have the level that its check is written for?
bool is_at_target(Process& process, const Component& component) {
  const auto found = process.files().find(level_path(component));
  return found != process.files().end() && found->second.content.starts_with(component.level.to);
}

/// What a service answers at a port, as the check that names the port (and path) expects it of the target level.
Result<> answer_check(Process& process, const std::string& port, const std::string& path) {
  if (!process.domain.guest.stopped.empty() || !process.world.has_data(process.domain))
    return process.complain(1, "connect: Connection refused");
  for (const auto& component : process.world.vendor().descriptor().components) {
    const auto& check = component.check;
    if (component.machine != process.domain.ref.name || std::to_string(check.port) != port) continue;
    if (check.kind == CheckKind::tcp && path.empty()) return {};
    if (check.kind != CheckKind::http || check.path != path) continue;
    const auto body = is_at_target(process, component) ? check.contains : "another level of " + component.name;
    process.outcome.out = "HTTP/1.0 " + std::to_string(check.status) + " simulated\r\n\r\n" + body + "\n";
    return {};
  }
  return process.complain(1, "connect: Connection refused");
}

/// Enough of a shell for what is said to one: `exit N`, `kill -N $$`, and moult's own looks at ports and mounts. Any
/// other script is taken for a vendor's, and succeeds when the guest's services run.
Result<> shell(Process& process) {
  const auto& argv = process.argv();
  if (argv.size() < 3 || argv[1] != "-c") return {};
  const std::string& script = argv[2];
  if (script.starts_with("exit ")) {
    process.outcome.exit_code = std::atoi(script.c_str() + 5);
  } else if (script.starts_with("kill -") && script.ends_with(" $$")) {
    process.outcome.exit_code = 128 + std::atoi(script.c_str() + 6);
  } else if (argv.size() > 4 && argv[3] == "moult-check") {
    return answer_check(process, argv[4], argv.size() > 5 ? argv[5] : std::string());
  } else if (argv.size() > 4 && argv[3] == "moult-mounts") {
    return look_for_mounts(process, argv[4]);
  } else if (!process.world.has_data(process.domain)) {
    return process.complain(1, "its data are not there");
  } else if (!process.domain.guest.stopped.empty()) {
    return process.complain(1, *process.domain.guest.stopped.begin() + " is stopped");
  }
  return {};
}

/// The command behind the options of systemd-run, timeout or nice.
Result<> run_behind(Process& process) {
  const auto& argv = process.argv();
  std::size_t first = 1;
  while (first < argv.size() && argv[first] != "--" && argv[first].starts_with("-")) ++first;
  if (first < argv.size() && argv[first] == "--") ++first;
  return run_words(process, Argv(argv.begin() + static_cast<std::ptrdiff_t>(first), argv.end()));
}

using Program = Result<> (*)(Process&);
Program basic_program(std::string_view name) {
  static const std::map<std::string_view, Program> kPrograms{
      {"true", [](Process&) -> Result<> { return {}; }},
      {"sync", [](Process&) -> Result<> { return {}; }},
      {"false",
       [](Process& process) -> Result<> {
         process.outcome.exit_code = 1;
         return {};
       }},
      {"sleep", sleep_for},
      {"printf", print},
      {"echo", echo},
      {"env", print_environment},
      {"printenv", print_variable},
      {"sh", shell},
      {"bash", shell},
      {"systemd-run", run_behind},
  };
  const auto found = kPrograms.find(name);
  return found == kPrograms.end() ? nullptr : found->second;
}

void keep_to_limit(std::string& text, std::size_t limit, bool& truncated) {
  if (text.size() <= limit) return;
  text.resize(limit);
  truncated = true;
}

Result<> dispatch(Process& process) {
  if (auto ran = run_vendor(process)) return std::move(*ran);
  const auto program = base_name(process.argv().front());
  if (auto ran = run_package_tool(process, program)) return std::move(*ran);
  if (auto ran = run_file_tool(process, program)) return std::move(*ran);
  if (auto ran = run_mount_tool(process, program)) return std::move(*ran);
  if (const auto basic = basic_program(program)) return basic(process);
  if (process.world.vendor().knows_program(process.argv().front())) return {};
  return fail(Code::not_found, "there is no program " + process.argv().front() + " in " + process.domain.ref.domain);
}

}  // namespace

Result<> run_words(Process& process, const Argv& argv) {
  if (argv.empty()) return process.complain(1, "no command");
  Command command = process.command;
  command.argv = argv;
  Process inner{process.world, process.domain, command, std::move(process.outcome)};
  auto ran = dispatch(inner);
  process.outcome = std::move(inner.outcome);
  return ran;
}

bool writable(const World& world, const Domain& domain, std::string_view path) {
  return !world.frozen(domain) || path.starts_with("/run/");
}

Unexpected still_frozen(World& world, const Command& command) {
  world.advance(command.timeout.count() * 1000);
  return fail(Code::timeout, command.argv.front() + " waited for a frozen file system and was killed");
}

Result<Outcome> run_program(World& world, Domain& domain, const Command& command) {
  if (command.argv.empty()) return fail(Code::internal, "a command without words");
  Process process{world, domain, command};
  if (world.command_fails())
    MOULT_TRY(process.complain(1, "failed (injected)"));
  else
    MOULT_TRY(dispatch(process));
  keep_to_limit(process.outcome.out, command.output_limit, process.outcome.truncated);
  keep_to_limit(process.outcome.err, command.output_limit, process.outcome.truncated);
  return std::move(process.outcome);
}

}  // namespace moult::sim
