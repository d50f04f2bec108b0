#include "drivers/libvirt/agent_access.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "drivers/libvirt/agent_call.hpp"
#include "drivers/libvirt/base64.hpp"

namespace moult::virt {
namespace {

using Json = nlohmann::json;

constexpr Millis kAgentDeadline{10000};
constexpr Millis kKillDeadline{5000};
constexpr Millis kFirstPoll{5};
constexpr Millis kLongestPoll{100};
constexpr std::size_t kReadChunk = 1U << 20U;
// libvirt 9.0 writes a request to the agent's socket in one go: one longer than the socket's buffer (208 KiB) is cut
// short, and the agent waits for its end for good.
constexpr std::size_t kWriteChunk = 96U << 10U;
constexpr int kSignalBase = 128;
constexpr int kNoProgram = 127;

class AgentAccess : public GuestAccess {
 public:
  AgentAccess(Host& host, MachineRef machine) : host_(host), machine_(std::move(machine)) {}

  Result<Outcome> run(const Command& command) override {
    if (command.argv.empty()) return fail(Code::invalid, "a command without a program");
    MOULT_ASSIGN(const std::int64_t pid, start(command));
    const auto until = std::chrono::steady_clock::now() + command.timeout;
    auto pause = kFirstPoll;
    while (true) {
      MOULT_ASSIGN(const Json status, call("guest-exec-status", {{"pid", pid}}, Effect::none));
      if (status.value("exited", false)) return finished(command, status);
      if (std::chrono::steady_clock::now() >= until) return give_up(command, pid);
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, kLongestPoll);
    }
  }

  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) override {
    const std::string temporary = path + ".moult-part";
    auto written = write_temporary(temporary, mode, content);
    if (written) written = must_run({"mv", "-fT", temporary, path});
    if (!written && written.error().disposition != Disposition::ambiguous) (void)must_run({"rm", "-f", temporary});
    return written;
  }

  Result<> get(const std::string& path, const ByteSink& sink) override {
    MOULT_ASSIGN(const std::int64_t handle, open_file(path, "r", Effect::none));
    auto copied = copy_out(handle, sink);
    (void)call("guest-file-close", {{"handle", handle}}, Effect::none);
    return copied;
  }

 private:
  Result<Json> call(const char* execute, Json arguments, Effect effect) {
    const Json request{{"execute", execute}, {"arguments", std::move(arguments)}};
    std::string text;
    try {
      text = request.dump();
    } catch (const Json::exception&) {
      return fail(Code::invalid, "the guest agent takes only UTF-8 in paths and arguments");
    }
    MOULT_ASSIGN(const std::string answer, agent_call(host_, machine_, text, kAgentDeadline, effect));
    Json parsed = Json::parse(answer, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("return")) return bad_answer(execute);
    return std::move(parsed["return"]);
  }

  [[nodiscard]] Unexpected bad_answer(const char* execute) const {
    return Unexpected(
        Error{Code::unreachable,
              "guest agent of domain " + machine_.domain + ": its answer to " + execute + " cannot be read",
              {},
              {},
              Disposition::retry});
  }

  // A session of its own, so that a timeout can end the command with all that it started, and not the agent.
  Result<std::int64_t> start(const Command& command) {
    Json arguments{{"path", "setsid"}, {"arg", command.argv}, {"capture-output", true}};
    auto env = command.env;
    env.try_emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    env.try_emplace("LANG", "C.UTF-8");
    for (const auto& [name, value] : env) arguments["env"].push_back(name + "=" + value);
    if (!command.input.empty()) arguments["input-data"] = to_base64(command.input);
    MOULT_ASSIGN(const Json started, call("guest-exec", std::move(arguments), Effect::changes));
    if (!started.is_object() || !started.contains("pid") || !started["pid"].is_number_integer())
      return bad_answer("guest-exec");
    return started["pid"].get<std::int64_t>();
  }

  static std::string take(const Json& status, const char* key, std::size_t limit, bool& truncated) {
    if (!status.contains(key) || !status[key].is_string()) return {};
    auto bytes = from_base64(status[key].get_ref<const std::string&>()).value_or("");
    if (bytes.size() <= limit) return bytes;
    truncated = true;
    bytes.resize(limit);
    return bytes;
  }

  static int number(const Json& object, const char* key, int otherwise) {
    return object.contains(key) && object[key].is_number_integer() ? object[key].get<int>() : otherwise;
  }

  Result<Outcome> finished(const Command& command, const Json& status) const {
    Outcome outcome;
    const int signal = number(status, "signal", 0);
    outcome.exit_code = signal != 0 ? kSignalBase + signal : number(status, "exitcode", 0);
    outcome.truncated = status.value("out-truncated", false) || status.value("err-truncated", false);
    outcome.out = take(status, "out-data", command.output_limit, outcome.truncated);
    outcome.err = take(status, "err-data", command.output_limit, outcome.truncated);
    if (outcome.exit_code == kNoProgram && outcome.err.starts_with("setsid:"))
      return fail(Code::not_found,
                  "there is no program " + command.argv.front() + " in the guest of domain " + machine_.domain);
    return outcome;
  }

  Result<Outcome> give_up(const Command& command, std::int64_t pid) {
    // Not every guest has kill as a program; every shell has it.
    const Json arguments{{"path", "sh"}, {"arg", {"-c", "kill -9 \"-$1\"", "sh", std::to_string(pid)}}};
    const auto asked = call("guest-exec", arguments, Effect::changes);
    Error error{Code::timeout,
                command.argv.front() + " did not end within " + std::to_string(command.timeout.count()) + " ms",
                {},
                {},
                Disposition::ambiguous};
    error.message += asked && has_ended(pid) ? "; it was killed" : "; it could not be killed";
    return Unexpected(std::move(error));
  }

  bool has_ended(std::int64_t pid) {
    const auto until = std::chrono::steady_clock::now() + kKillDeadline;
    while (std::chrono::steady_clock::now() < until) {
      const auto status = call("guest-exec-status", {{"pid", pid}}, Effect::none);
      if (!status || status->value("exited", false)) return static_cast<bool>(status);
      std::this_thread::sleep_for(kFirstPoll);
    }
    return false;
  }

  Result<> must_run(std::vector<std::string> argv) {
    MOULT_ASSIGN(const Outcome outcome, run(Command{argv, {}, {}}));
    if (outcome.good()) return {};
    return fail(Code::failed, argv.front() + " in the guest of domain " + machine_.domain + ": " +
                                  outcome.err.substr(0, outcome.err.find('\n')));
  }

  Result<std::int64_t> open_file(const std::string& path, const char* mode, Effect effect) {
    MOULT_ASSIGN(const Json handle, call("guest-file-open", {{"path", path}, {"mode", mode}}, effect));
    if (!handle.is_number_integer()) return bad_answer("guest-file-open");
    return handle.get<std::int64_t>();
  }

  Result<> write_temporary(const std::string& temporary, std::uint32_t mode, const ByteSource& content) {
    MOULT_ASSIGN(const std::int64_t handle, open_file(temporary, "w", Effect::changes));
    // The mode comes first: what follows may be secret.
    auto copied = set_mode(temporary, mode);
    if (copied) copied = copy_in(handle, content);
    auto closed = call("guest-file-close", {{"handle", handle}}, Effect::changes);
    MOULT_TRY(copied);
    MOULT_TRY(closed);
    return must_run({"sync", temporary});
  }

  Result<> set_mode(const std::string& path, std::uint32_t mode) {
    std::string octal;
    for (const unsigned shift : {9U, 6U, 3U, 0U}) octal += static_cast<char>('0' + ((mode >> shift) & 7U));
    return must_run({"chmod", octal, path});
  }

  Result<> copy_in(std::int64_t handle, const ByteSource& content) {
    std::vector<std::byte> buffer(kWriteChunk);
    while (true) {
      MOULT_ASSIGN(const std::size_t got, content(buffer));
      if (got == 0) break;
      const std::string_view bytes(reinterpret_cast<const char*>(buffer.data()), got);
      MOULT_ASSIGN(const Json written,
                   call("guest-file-write", {{"handle", handle}, {"buf-b64", to_base64(bytes)}}, Effect::changes));
      if (!written.is_object() || number(written, "count", -1) != static_cast<int>(got))
        return fail(Code::io, "the guest of domain " + machine_.domain + " wrote less than it was given",
                    "see whether its disk is full");
    }
    MOULT_TRY(call("guest-file-flush", {{"handle", handle}}, Effect::changes));
    return {};
  }

  Result<> copy_out(std::int64_t handle, const ByteSink& sink) {
    while (true) {
      MOULT_ASSIGN(const Json read, call("guest-file-read", {{"handle", handle}, {"count", kReadChunk}}, Effect::none));
      if (!read.is_object() || !read.contains("buf-b64") || !read["buf-b64"].is_string())
        return bad_answer("guest-file-read");
      const auto bytes = from_base64(read["buf-b64"].get_ref<const std::string&>());
      if (!bytes) return bad_answer("guest-file-read");
      if (!bytes->empty()) MOULT_TRY(sink(std::as_bytes(std::span(*bytes))));
      if (read.value("eof", false) || bytes->empty()) return {};
    }
  }

  Host& host_;
  const MachineRef machine_;
};

}  // namespace

std::unique_ptr<GuestAccess> make_agent_access(Host& host, MachineRef machine) {
  return std::make_unique<AgentAccess>(host, std::move(machine));
}

}  // namespace moult::virt
