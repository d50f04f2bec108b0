#pragma once

#include "drivers/guest_access.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

/// A command at work in a simulated guest.
struct Process {
  World& world;
  Domain& domain;
  const Command& command;
  Outcome outcome{};

  [[nodiscard]] const Argv& argv() const { return command.argv; }
  [[nodiscard]] Tree& files() const { return world.tree(domain); }
  /// Ends with a message on standard error.
  Result<> complain(int code, const std::string& text) {
    outcome.exit_code = code;
    outcome.err.append(argv().front()).append(": ").append(text).push_back('\n');
    return {};
  }
};

/// Runs a command: the vendor's (known from the descriptor: a detect command prints the level that the world holds, an
/// update sets it, a migration rewrites its set, all others succeed), or one of a small table of programs. A command
/// that writes to a frozen file system waits, until its timeout. Errors: those of GuestAccess::run.
[[nodiscard]] Result<Outcome> run_program(World& world, Domain& domain, const Command& command);

/// False while the path's file system is frozen; /run is in memory and never is.
[[nodiscard]] bool writable(const World& world, const Domain& domain, std::string_view path);
[[nodiscard]] Unexpected still_frozen(World& world, const Command& command);

/// The vendor's part, the package tools' part, and the file tools' part of the table. Nothing: not theirs.
using Ran = std::optional<Result<>>;
[[nodiscard]] Ran run_vendor(Process& process);
[[nodiscard]] Ran run_package_tool(Process& process, std::string_view program);
[[nodiscard]] Ran run_file_tool(Process& process, std::string_view program);
[[nodiscard]] Ran run_mount_tool(Process& process, std::string_view program);
/// Who has the file system of this UUID mounted still.
[[nodiscard]] Result<> look_for_mounts(Process& process, const std::string& uuid);
/// tar -x -f FILE -C DIRECTORY.
[[nodiscard]] Result<> unpack_tar(Process& process);
/// Runs `argv` as the process goes on to be: for systemd-run, env, timeout, sh -c "exec ...".
[[nodiscard]] Result<> run_words(Process& process, const Argv& argv);

}  // namespace moult::sim
