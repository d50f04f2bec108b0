#include "orchestrator/store/holder.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <nlohmann/json.hpp>

#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

using nlohmann::json;

std::string user_name() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return "uid " + std::to_string(::geteuid());
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "this host";
}

}  // namespace

std::string Holder::describe() const {
  return (run.empty() ? "" : "run " + run + ": ") + "moult " + command + ", pid " + std::to_string(pid) + " of " +
         user + " on " + host + ", since " + since;
}

Holder this_process(std::string run, std::string command) {
  return {::getpid(),        host_name(), user_name(), std::move(run), utc_text(std::chrono::system_clock::now()),
          std::move(command)};
}

std::string to_json(const Holder& holder) {
  const json line{{"pid", holder.pid}, {"host", holder.host},   {"user", holder.user},
                  {"run", holder.run}, {"since", holder.since}, {"command", holder.command}};
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<Holder> holder_of(const std::string& text) {
  try {
    const auto line = json::parse(text);
    return Holder{line.at("pid"), line.at("host"),  line.at("user"),
                  line.at("run"), line.at("since"), line.at("command")};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace moult
