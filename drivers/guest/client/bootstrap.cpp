#include "drivers/guest/client/bootstrap.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/channel_opener.hpp"

namespace moult::guest {
namespace {

constexpr Millis kStep{30'000};  // one step by the agent: starting a program in a guest that is busy booting
constexpr const char* kSpace = "size=32m,mode=0700";

Command command_of(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = kStep;
  return command;
}

// Agents report a program that cannot be run in ways of their own; shells taught them these.
constexpr int kExitForbidden = 126, kExitMissing = 127;

bool says(const Error& error, const char* text) { return error.describe().find(text) != std::string::npos; }

}  // namespace

Bootstrap::Bootstrap(GuestAccess& agent, std::string run, std::string helper)
    : agent_(agent),
      run_(std::move(run)),
      helper_(std::move(helper)),
      home_("/run/moult/" + run_),
      program_(home_ + "/moult-helper") {}

Result<> Bootstrap::start() {
  MOULT_ASSIGN(digest_, digest_file(helper_));
  MOULT_ASSIGN(auto state, try_start());
  if (state == Start::running) return {};
  MOULT_TRY(push());
  MOULT_ASSIGN(state, try_start());
  if (state == Start::forbidden) {
    // Many guests mount /run without the right to execute: a file system of the run's own, on its directory, has it.
    MOULT_TRY(mount_executable());
    MOULT_TRY(push());
    MOULT_ASSIGN(state, try_start());
  }
  if (state == Start::running) return {};
  return fail(Code::refused, "the guest does not let " + program_ + " be executed",
              "allow root to execute programs below /run/moult in the guest");
}

Result<Bootstrap::Start> Bootstrap::try_start() {
  auto outcome =
      agent_.run(command_of({program_, "--run", run_, "--port", helper_port(run_), "--sha256", digest_.sha256}));
  if (!outcome) {
    if (outcome.error().code == Code::not_found || says(outcome.error(), "No such file")) return Start::missing;
    if (outcome.error().code == Code::refused || says(outcome.error(), "ermission denied")) return Start::forbidden;
    return pass(std::move(outcome), "start the helper");
  }
  if (outcome->good()) return Start::running;
  if (outcome->exit_code == kExitMissing) return Start::missing;
  if (outcome->exit_code == kExitForbidden) return Start::forbidden;
  if (outcome->exit_code == exit_code_of(Code::mismatch)) return Start::missing;  // an earlier push was cut short
  return fail(Code::failed, "the helper does not start in the guest: " + outcome->err.substr(0, 500));
}

Result<> Bootstrap::push() {
  MOULT_TRY(must({"mkdir", "-p", "-m", "0700", home_}));
  const Fd fd(::open(helper_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(Code::not_found, "cannot read " + helper_ + ": " + std::strerror(errno), "install moult anew");
  auto pushed = agent_.put(program_, 0700, [&](std::span<std::byte> into) -> Result<std::size_t> {
    const auto count = ::read(fd.get(), into.data(), into.size());
    if (count < 0) return fail(Code::io, "cannot read " + helper_ + ": " + std::strerror(errno));
    return static_cast<std::size_t>(count);
  });
  return pushed ? Result<>() : pass(std::move(pushed), "push the helper");
}

Result<> Bootstrap::mount_executable() {
  return must({"mount", "-t", "tmpfs", "-o", std::string("exec,nosuid,nodev,") + kSpace, "moult", home_});
}

Result<> Bootstrap::evict() {
  auto outcome = agent_.run(command_of({program_, "--run", run_, "--remove"}));
  if (!outcome && (outcome.error().code == Code::not_found || says(outcome.error(), "No such file"))) return {};
  if (!outcome) return pass(std::move(outcome), "remove the helper");
  if (outcome->good() || outcome->exit_code == kExitMissing) return {};
  return fail(Code::failed, "the helper could not be removed: " + outcome->err.substr(0, 500));
}

Result<> Bootstrap::must(const std::vector<std::string>& argv) {
  MOULT_ASSIGN(const auto outcome, agent_.run(command_of(argv)));
  if (outcome.good()) return {};
  return fail(Code::failed, "\"" + argv.front() + "\" failed in the guest: " + outcome.err.substr(0, 500));
}

}  // namespace moult::guest
