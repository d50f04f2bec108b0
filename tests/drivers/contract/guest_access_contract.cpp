#include "tests/drivers/contract/guest_access_contract.hpp"

namespace moult::contract {
namespace {

Outcome run(const AccessContext& context, std::vector<std::string> argv, std::string input = {}) {
  Command command;
  command.argv = std::move(argv);
  command.input = std::move(input);
  return value_of(context.guest.run(command));
}

std::string every_byte(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 256);
  return text;
}

}  // namespace

void arguments_reach_the_program_as_they_are(const AccessContext& context) {
  const auto outcome = run(context, {"printf", "%s|", "a b", "$HOME", ";", "*", "", "\"x\" 'y'", "a\\b"});
  CHECK(outcome.good());
  CHECK(outcome.out == "a b|$HOME|;|*||\"x\" 'y'|a\\b|");
}

void output_and_error_streams_stay_apart(const AccessContext& context) {
  const auto path = context.folder + "/streams";
  put_text(context.guest, path, "this goes out\n");
  const auto outcome = run(context, {"cat", path, context.folder + "/nowhere"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out == "this goes out\n");
  CHECK(outcome.err.find("nowhere") != std::string::npos);
}

void exit_codes_and_signals_are_outcomes(const AccessContext& context) {
  CHECK(run(context, {"true"}).exit_code == 0);
  CHECK(run(context, {"false"}).exit_code == 1);
  CHECK(run(context, {"sh", "-c", "exit 7"}).exit_code == 7);
  CHECK(run(context, {"sh", "-c", "kill -9 $$"}).exit_code == 128 + 9);
}

void input_is_passed_whole_and_ends(const AccessContext& context) {
  const auto text = every_byte(100'000);
  CHECK(run(context, {"cat"}, text).out == text);
  CHECK(run(context, {"cat"}).out.empty());
}

void environment_is_plain_and_takes_additions(const AccessContext& context) {
  Command command;
  command.argv = {"printenv", "MOULT_CONTRACT"};
  command.env["MOULT_CONTRACT"] = "a b=c";
  CHECK(value_of(context.guest.run(command)).out == "a b=c\n");
  CHECK(run(context, {"printenv", "MOULT_CONTRACT"}).exit_code == 1);
  CHECK(run(context, {"printenv", "LANG"}).out == "C.UTF-8\n");
  CHECK(run(context, {"printenv", "PATH"}).out.find("/bin") != std::string::npos);
}

void a_command_that_takes_too_long_is_killed(const AccessContext& context) {
  Command command;
  command.argv = {"sleep", "600"};
  command.timeout = Millis{400};
  CHECK(code_of(context.guest.run(command)) == Code::timeout);
  CHECK(run(context, {"true"}).good());
}

void output_over_the_limit_is_cut_and_said(const AccessContext& context) {
  const auto path = context.folder + "/long";
  put_text(context.guest, path, std::string(300'000, 'x'));
  Command command;
  command.argv = {"cat", path};
  command.output_limit = 1000;
  const auto cut = value_of(context.guest.run(command));
  CHECK(cut.out == std::string(1000, 'x'));
  CHECK(cut.truncated);
  CHECK(cut.exit_code == 0);
  command.output_limit = 300'000;
  const auto whole = value_of(context.guest.run(command));
  CHECK(whole.out.size() == 300'000);
  CHECK_FALSE(whole.truncated);
}

void a_missing_program_is_not_found(const AccessContext& context) {
  Command command;
  for (const char* program : {"/nowhere/at-all", "no-such-program-of-moult"}) {
    command.argv = {program};
    INFO(program);
    CHECK(code_of(context.guest.run(command)) == Code::not_found);
  }
}

void a_file_comes_back_as_it_was_put(const AccessContext& context) {
  for (const std::size_t size : {0UL, 1UL, 4096UL, 700'001UL}) {
    const auto path = context.folder + "/round-trip";
    const auto text = every_byte(size);
    put_text(context.guest, path, text);
    INFO(size << " bytes");
    CHECK((get_text(context.guest, path) == text));
  }
}

void putting_replaces_the_file_whole_with_its_mode(const AccessContext& context) {
  const auto path = context.folder + "/replaced";
  put_text(context.guest, path, "a longer text than the next one", 0755);
  CHECK(run(context, {"test", "-x", path}).good());
  put_text(context.guest, path, "short", 0644);
  CHECK(get_text(context.guest, path) == "short");
  CHECK(run(context, {"test", "-x", path}).exit_code == 1);
}

void a_source_that_fails_leaves_the_old_file(const AccessContext& context) {
  const auto path = context.folder + "/kept";
  put_text(context.guest, path, "old");
  int calls = 0;
  const auto broken = [&calls](std::span<std::byte> into) -> Result<std::size_t> {
    if (++calls > 1) return fail(Code::io, "the source broke");
    into[0] = std::byte{'n'};
    return 1;
  };
  CHECK(code_of(context.guest.put(path, 0644, broken)) == Code::io);
  CHECK(get_text(context.guest, path) == "old");
}

void a_missing_file_is_not_found(const AccessContext& context) {
  std::string text;
  CHECK(code_of(context.guest.get(context.folder + "/missing", sink_into(text))) == Code::not_found);
  CHECK(text.empty());
}

void a_sink_that_fails_stops_the_get(const AccessContext& context) {
  const auto path = context.folder + "/stopped";
  put_text(context.guest, path, "content");
  const auto full = [](Bytes) -> Result<> { return fail(Code::no_space, "the sink is full"); };
  CHECK(code_of(context.guest.get(path, full)) == Code::no_space);
  CHECK(get_text(context.guest, path) == "content");
}

void guest_access_contract(const AccessContext& context) {
  arguments_reach_the_program_as_they_are(context);
  output_and_error_streams_stay_apart(context);
  exit_codes_and_signals_are_outcomes(context);
  input_is_passed_whole_and_ends(context);
  environment_is_plain_and_takes_additions(context);
  a_command_that_takes_too_long_is_killed(context);
  output_over_the_limit_is_cut_and_said(context);
  a_missing_program_is_not_found(context);
  a_file_comes_back_as_it_was_put(context);
  putting_replaces_the_file_whole_with_its_mode(context);
  a_source_that_fails_leaves_the_old_file(context);
  a_missing_file_is_not_found(context);
  a_sink_that_fails_stops_the_get(context);
}

}  // namespace moult::contract
