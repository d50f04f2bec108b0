#include "hook_machine.hpp"

#include <cstdlib>
#include <filesystem>

#include "catch.hpp"

namespace moult::test {
namespace {

const std::string kProgram = std::filesystem::absolute("samples/ledger/ledger").string();

}  // namespace

HookMachine::HookMachine() {
  std::string name = "/tmp/moult-hooks-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  root_ = name;
}

HookMachine::~HookMachine() { std::filesystem::remove_all(root_); }

GuestFiles& HookMachine::files() { throw std::logic_error("hooks need no helper for files"); }

GuestTunnel& HookMachine::tunnel() {
  if (tunnels == nullptr) throw std::logic_error("hooks need no tunnel");
  return *tunnels;
}

std::string HookMachine::here(const std::string& path) const {
  return path.starts_with("/@/") ? root_ + path.substr(2) : path;
}

Result<Outcome> HookMachine::run(const Command& command) {
  ran.push_back(command);
  auto real = command;
  for (auto& word : real.argv) word = here(word);
  for (auto& [key, value] : real.env) value = here(value);
  if (timeless) real.timeout = std::chrono::minutes{1};
  real.env["LEDGER_ROOT"] = root_ + "/data";
  real.env["LEDGER_RUN"] = root_ + "/run";
  real.env["MACHINE"] = root_;
  auto outcome = local_.run(real);
  return tamper ? tamper(command, std::move(outcome)) : outcome;
}

Result<> HookMachine::put(const std::string& path, std::uint32_t mode, const ByteSource& content) {
  return local_.put(here(path), mode, content);
}

Result<> HookMachine::get(const std::string& path, const ByteSink& sink) { return local_.get(here(path), sink); }

int HookMachine::ledger(const std::vector<std::string>& words, Millis patience) {
  Command command;
  command.argv = {kProgram};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.env = {{"LEDGER_ROOT", root_ + "/data"}, {"LEDGER_RUN", root_ + "/run"}};
  command.timeout = patience;
  const auto outcome = local_.run(command);
  return outcome ? outcome->exit_code : -1;
}

std::string HookMachine::content() {
  Command command;
  command.argv = {kProgram, "dump"};
  command.env = {{"LEDGER_ROOT", root_ + "/data"}, {"LEDGER_RUN", root_ + "/run"}};
  const auto outcome = local_.run(command);
  REQUIRE(outcome);
  return outcome->out;
}

bool HookMachine::has(const std::string& path) const { return std::filesystem::exists(here(path)); }

HookSet ledger_set() {
  HookSet set;
  set.name = "ledger.book";
  set.run = "r1";
  const auto hook = [](const char* name) { return Argv{kProgram, "hook", name}; };
  set.commands = {hook("capture"), hook("round"),  hook("replay"), hook("verify"),
                  hook("quiesce"), hook("resume"), hook("end")};
  set.timeout = Millis{20000};
  set.state = "/@/memory/hooks/ledger.book";
  set.spool = "/@/disk/hooks/ledger.book.stream";
  return set;
}

}  // namespace moult::test
