#include "migration/hook_side.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "descriptors/base/text.hpp"
#include "migration/hook_scripts.hpp"
#include "migration/vendor_output.hpp"

namespace moult {
namespace {

constexpr std::uint64_t kSmall = 256U << 10U;  ///< what travels with a command's answer instead of in a file
constexpr std::size_t kAnswerLimit = 64U << 10U;
constexpr std::size_t kLongestDigest = 255;
constexpr int kExitScript = 9, kExitForbidden = 126, kExitMissing = 127;
constexpr const char* kMend = "Mend the vendor's command; `moult vendor check-hooks` tries it on a scratch clone.";
constexpr const char* kMendFollowing = "Mend the vendor's command; `moult upgrade --rehearse` tries it on a clone.";

struct Header {
  int code = 0;
  std::uint64_t size = 0;
  std::size_t length = 0;  ///< of the header itself
};

/// "CODE SIZE\n" at the beginning; nothing: there is none.
std::optional<Header> header_of(const std::string& text) {
  Header header;
  const auto end = text.find('\n');
  if (end == std::string::npos) return std::nullopt;
  const char* last = text.data() + end;
  const auto code = std::from_chars(text.data(), last, header.code);
  if (code.ec != std::errc{} || code.ptr == last || *code.ptr != ' ') return std::nullopt;
  const auto size = std::from_chars(code.ptr + 1, last, header.size);
  if (size.ec != std::errc{} || size.ptr != last) return std::nullopt;
  header.length = end + 1;
  return header;
}

std::string seconds_of(Millis span) {
  const auto ms = std::to_string(span.count() % 1000);
  return std::to_string(span.count() / 1000) + "." + std::string(3 - ms.size(), '0') + ms;
}

Result<std::size_t> read_some(std::ifstream& file, std::span<std::byte> into) {
  file.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
  if (file.bad()) return fail(Code::io, "a read of it failed");
  return static_cast<std::size_t>(file.gcount());
}

}  // namespace

std::string HookSide::named(const char* hook) const { return "data set " + set_->name + ": hook " + hook; }

Command HookSide::command(const Call& call, const HookRound* round) const {
  Command command;
  command.argv = {"sh", "-c", call.script, "moult-hook"};
  command.argv.insert(command.argv.end(), call.before.begin(), call.before.end());
  command.argv.insert(command.argv.end(), call.words.begin(), call.words.end());
  command.env = {{"MOULT_HOOK", call.hook},
                 {"MOULT_RUN", set_->run},
                 {"MOULT_DATA_SET", set_->name},
                 {"MOULT_HOOKS_VERSION", std::to_string(set_->version)},
                 {"MOULT_DIRECTION", set_->back ? "reverse" : "forward"},
                 {"MOULT_STATE", set_->state}};
  if (round != nullptr) {
    command.env["MOULT_ROUND"] = std::to_string(round->number);
    if (!round->whole) command.env["MOULT_SINCE"] = std::to_string(round->since);
    command.env["MOULT_WHOLE"] = round->whole ? "yes" : "no";
    command.env["MOULT_ROUND_LIMIT"] = std::to_string(set_->largest);
  }
  command.timeout = std::clamp(set_->timeout, Millis{1}, std::max(most_, Millis{1}));
  command.output_limit = kAnswerLimit;
  return command;
}

Unexpected HookSide::bad_end(const char* hook, const Argv& words, const Outcome& outcome) const {
  const auto last = printable(last_line(outcome.err), 300);
  if (outcome.exit_code == kExitMissing || outcome.exit_code == kExitForbidden)
    return fail(Code::not_found, named(hook) + ": " + words.front() + " cannot be run in the guest: " + last,
                "Install the vendor's programs in the guest, executable.");
  return fail(Code::failed,
              named(hook) + " (" + words.front() + ") ended with " + std::to_string(outcome.exit_code) + ": " +
                  (last.empty() ? "it said nothing" : last),
              set_->port == 0 ? kMend : kMendFollowing);
}

Result<Outcome> HookSide::run(const Command& command, const char* hook) {
  auto outcome = guest_->run(command);
  if (outcome) return outcome;
  auto error = std::move(outcome).error();
  if (error.code == Code::timeout) {
    error.message = named(hook) + " did not end within " + seconds_of(command.timeout) + " s and was killed";
    error.remedy = "Make the command quicker, or raise `timeout` in the maintenance descriptor.";
    return Unexpected(std::move(error));
  }
  return Unexpected(std::move(error).within(named(hook)));
}

Result<> HookSide::must(const Command& command, const char* hook) {
  MOULT_ASSIGN(const auto outcome, run(command, hook));
  if (outcome.good()) return {};
  const auto& words = command.argv;
  return bad_end(hook, {words.size() > 4 ? words[4] : words.back()}, outcome);
}

Result<> HookSide::capture(std::uint64_t number) {
  const HookRound moment{number, number, false};
  auto call = command({"capture", hook_script::kPlain, {}, set_->commands.capture}, &moment);
  call.env.erase("MOULT_SINCE");
  return must(call, "capture");
}

Result<HookStream> HookSide::round(const HookRound& round, const std::string& file, bool fenced) {
  const auto spool = fenced ? set_->state + ".stream" : set_->spool;
  auto call = command({"round",
                       hook_script::kRound,
                       {spool, std::to_string(set_->largest + 1), std::to_string(kSmall)},
                       set_->commands.round},
                      &round);
  call.output_limit = kSmall + kAnswerLimit;
  MOULT_ASSIGN(const auto outcome, run(call, "round"));
  if (!outcome.good())
    return fail(
        Code::io,
        named("round") + ": its output cannot be kept in " + spool + ": " + printable(last_line(outcome.err), 300),
        "Free space in the guest, or let `round` print less and end with 4.");
  return read_round(outcome, spool, file);
}

Result<HookStream> HookSide::read_round(const Outcome& outcome, const std::string& spool, const std::string& file) {
  const auto header = header_of(outcome.out);
  if (!header) return fail(Code::failed, named("round") + ": no answer came from the guest's shell", kMend);
  if (header->size > set_->largest)
    return fail(Code::refused,
                named("round") + " printed more than " + std::to_string(set_->largest >> 20U) + " MiB, and was stopped",
                "Let it print a part and end with 4 (MOULT_ROUND_LIMIT), or raise `round_mib` in the descriptor.");
  HookStream stream;
  stream.size = header->size;
  if (header->code == kExitUnknown) stream.answer = HookAnswer::unknown;
  if (header->code == kExitMore) stream.answer = HookAnswer::more;
  if (header->code != 0 && header->code != kExitUnknown && header->code != kExitMore) {
    auto failed = outcome;
    failed.exit_code = header->code;
    return bad_end("round", set_->commands.round, failed);
  }
  if (stream.answer == HookAnswer::unknown) return stream;
  if (stream.answer == HookAnswer::more && stream.size == 0)
    return fail(Code::failed, named("round") + " ended with 4, there is more, and printed nothing", kMend);
  if (stream.size <= kSmall) {
    stream.bytes = outcome.out.substr(header->length);
    if (stream.bytes.size() != stream.size)
      return fail(Code::failed,
                  named("round") + ": " + std::to_string(stream.bytes.size()) + " of " + std::to_string(stream.size) +
                      " bytes arrived",
                  "Try again.");
    return stream;
  }
  stream.file = file;
  MOULT_TRY(bring(spool, file, stream.size));
  return stream;
}

/// From the guest to this host.
Result<> HookSide::bring(const std::string& spool, const std::string& file, std::uint64_t size) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  std::uint64_t arrived = 0;
  MOULT_TRY(guest_->get(spool, [&](Bytes bytes) -> Result<> {
    arrived += bytes.size();
    if (arrived > size) return fail(Code::failed, named("round") + ": its output grew while it was read");
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out) return fail(Code::io, "cannot write " + file, "Free space in the state directory.");
    return {};
  }));
  out.close();
  if (!out) return fail(Code::io, "cannot write " + file, "Free space in the state directory.");
  if (arrived == size) return {};
  return fail(Code::failed,
              named("round") + ": " + std::to_string(arrived) + " of " + std::to_string(size) + " bytes arrived",
              "Try again.");
}

/// From this host to the guest.
Result<> HookSide::send(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Code::io, "cannot read " + file);
  const Argv directory{"mkdir", "-p", "-m", "700", std::filesystem::path(set_->spool).parent_path().string()};
  Command make;
  make.argv = directory;
  MOULT_ASSIGN(const auto made, guest_->run(make));
  if (!made.good()) return bad_end("replay", directory, made);
  return guest_->put(set_->spool, 0600, [&in](std::span<std::byte> into) { return read_some(in, into); });
}

Result<> HookSide::replay(const HookRound& round, const HookStream& stream) {
  Call call{"replay", hook_script::kPlain, {}, set_->commands.replay};
  if (!stream.file.empty()) {
    MOULT_TRY(send(stream.file));
    call.script = hook_script::kReplay;
    call.before = {set_->spool};
  }
  auto replay = command(call, &round);
  if (stream.file.empty()) replay.input = stream.bytes;
  MOULT_ASSIGN(const auto outcome, run(replay, "replay"));
  return outcome.good() ? Result<>{} : bad_end("replay", set_->commands.replay, outcome);
}

Result<std::string> HookSide::verify() {
  MOULT_ASSIGN(const auto outcome,
               run(command({"verify", hook_script::kPlain, {}, set_->commands.verify}, nullptr), "verify"));
  if (!outcome.good()) return bad_end("verify", set_->commands.verify, outcome);
  auto digest = last_line(outcome.out);
  const bool one_line = outcome.out == digest || outcome.out == digest + "\n";
  if (digest.empty() || !one_line || digest.size() > kLongestDigest || outcome.truncated)
    return fail(Code::failed,
                named("verify") + " printed no digest: one line of 1 to 255 bytes is a digest; it printed " +
                    in_quotes(outcome.out),
                kMend);
  return digest;
}

Result<> HookSide::follow(int port) {
  auto follow = command({"follow", hook_script::kFollow, {}, set_->commands.follow}, nullptr);
  follow.env["MOULT_TUNNEL_PORT"] = std::to_string(port);
  return must(follow, "follow");
}

Result<> HookSide::promote() {
  return must(command({"promote", hook_script::kPlain, {}, set_->commands.promote}, nullptr), "promote");
}

Result<> HookSide::quiesce(std::uint64_t fence, Millis ttl) {
  const auto& resume = set_->commands.resume;
  Argv before{token(fence), seconds_of(ttl), std::to_string(resume.size())};
  before.insert(before.end(), resume.begin(), resume.end());
  auto call = command({"quiesce", hook_script::kQuiesce, std::move(before), set_->commands.quiesce}, nullptr);
  call.env["MOULT_LEASE_MS"] = std::to_string(ttl.count());
  call.timeout = std::min(call.timeout, ttl);
  MOULT_ASSIGN(const auto outcome, run(call, "quiesce"));
  return outcome.good() ? Result<>{} : bad_end("quiesce", set_->commands.quiesce, outcome);
}

Result<bool> HookSide::resume(std::uint64_t fence) {
  MOULT_ASSIGN(
      const auto outcome,
      run(command({"resume", hook_script::kResume, {token(fence)}, set_->commands.resume}, nullptr), "resume"));
  if (!outcome.good()) return bad_end("resume", set_->commands.resume, outcome);
  if (outcome.out != "yes\n" && outcome.out != "no\n")
    return fail(Code::failed, named("resume") + ": no answer came from the guest's shell", kMend);
  return outcome.out == "yes\n";
}

Result<> HookSide::end() {
  MOULT_ASSIGN(
      const auto outcome,
      run(command({"end", hook_script::kEnd, {set_->state, set_->spool}, set_->commands.end}, nullptr), "end"));
  if (outcome.good()) return {};
  return bad_end("end", set_->commands.end.empty() ? Argv{"rm"} : set_->commands.end, outcome);
}

Result<> HookSide::sync() {
  Command sync;
  sync.argv = {"sync"};
  sync.timeout = std::min(set_->timeout, most_);
  MOULT_ASSIGN(const auto outcome, run(sync, "replay"));
  return outcome.good() ? Result<>{} : bad_end("replay", sync.argv, outcome);
}

}  // namespace moult
