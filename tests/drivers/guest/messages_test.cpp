#include "drivers/guest/protocol/messages.hpp"

#include <random>

#include "catch.hpp"
#include "drivers/guest/protocol/stream.hpp"

using namespace moult;
using namespace moult::guest;

namespace {

Command sample_command() {
  Command command;
  command.argv = {"dpkg", "-i", "with space", ""};
  command.env = {{"A", "1"}, {"B", ""}};
  command.input = std::string("x\0y", 3);
  command.timeout = Millis(1234);
  command.output_limit = 99;
  return command;
}

FileSet sample_set() { return {"s", "/root", {"*.a"}, {"b", "c"}, {{"*", ConflictRule::merge, {"m", "-1"}}}}; }

template <typename Value>
void survives_damage(const Value& value, unsigned seed) {
  std::mt19937 random(seed);
  const auto good = encode(value);
  REQUIRE(decode<Value>(good));
  for (int i = 0; i < 5'000; ++i) {
    auto bytes = good;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(bytes.size() - random() % 2 * (random() % bytes.size()));
    const auto decoded = decode<Value>(bytes);
    if (!decoded) REQUIRE(decoded.error().code == Code::invalid);
  }
}

}  // namespace

TEST_CASE("a command and its outcome cross unchanged") {
  const auto command = decode<Command>(encode(sample_command()));
  REQUIRE(command);
  CHECK(command->argv == sample_command().argv);
  CHECK(command->env == sample_command().env);
  CHECK(command->input == sample_command().input);
  CHECK(command->timeout == Millis(1234));
  CHECK(command->output_limit == 99);
  const auto outcome = decode<Outcome>(encode(Outcome{137, "out", "err", true}));
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 137);
  CHECK(outcome->out == "out");
  CHECK(outcome->err == "err");
  CHECK(outcome->truncated);
}

TEST_CASE("a set and the reports cross unchanged") {
  const auto set = decode<FileSet>(encode(sample_set()));
  REQUIRE(set);
  CHECK(set->root == "/root");
  CHECK(set->exclude == std::vector<std::string>{"b", "c"});
  REQUIRE(set->conflict.size() == 1);
  CHECK(set->conflict[0].rule == ConflictRule::merge);
  CHECK(set->conflict[0].merge == std::vector<std::string>{"m", "-1"});
  const auto emitted = decode<EmitReport>(encode(EmitReport{1, 2, 3, true, "why", 5, 4, false}));
  REQUIRE(emitted);
  CHECK(emitted->deletions == 3);
  CHECK(emitted->scan_reason == "why");
  CHECK(emitted->as_differences == 5);
  CHECK(emitted->large == 4);
  CHECK_FALSE(emitted->finished);
  const auto applied = decode<ApplyReport>(encode(ApplyReport{1, 2, 3, 4, {"p"}, {"c"}, {"k"}, {"s"}, {"d"}}));
  REQUIRE(applied);
  CHECK(applied->conflicts == std::vector<std::string>{"c"});
  CHECK(applied->kept == std::vector<std::string>{"k"});
  CHECK(applied->stale == std::vector<std::string>{"s"});
  CHECK(applied->differing == std::vector<std::string>{"d"});
}

TEST_CASE("damaged messages decode to a value or an error, never worse") {
  survives_damage(sample_command(), 1);
  survives_damage(std::vector<FileSet>{sample_set(), sample_set()}, 2);
  survives_damage(ApplyReport{1, 2, 3, 4, {"p", "q"}, {"c"}, {"k"}, {"s", "t"}, {"d"}}, 3);
  survives_damage(Outcome{1, "o", "e", false}, 4);
  survives_damage(TcpConnections{{"192.0.2.9", "192.0.2.1", 8080, 40000}, {"::9", "::1", 443, 65535}}, 5);
}

TEST_CASE("an error crosses with code, disposition, remedy and context") {
  Error error{Code::no_space, "full", "make room", {"inner", "outer"}, Disposition::retry};
  const auto back = decode_error(encode_error(error));
  CHECK(back.code == Code::no_space);
  CHECK(back.disposition == Disposition::retry);
  CHECK(back.describe() == "outer: inner: full");
  CHECK(back.remedy == "make room");
}

TEST_CASE("an error from a guest cannot write control characters to a terminal") {
  const auto back =
      decode_error(encode_error({Code::io, "bad \x1b[2J\x07 thing\nnext", "\x7f", {"\x9b\r"}, Disposition::fail}));
  CHECK(back.message == "bad ?[2J? thing next");
  CHECK(back.remedy == "?");
}

TEST_CASE("an unreadable error is still an error") {
  CHECK(decode_error(view_of("\xff\xff\xff")).code == Code::invalid);
  CHECK(decode_error({}).code == Code::invalid);
}
