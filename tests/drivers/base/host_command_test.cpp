#include "drivers/host_command.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "catch.hpp"

using namespace std::chrono_literals;
using moult::Code;
using moult::Command;
using moult::run_on_host;

TEST_CASE("a command's streams, exit code and environment come back apart") {
  Command command{{"sh", "-c", "cat; echo $GREETING >&2; exit 3"}, {{"GREETING", "hello"}}, "input"};
  auto outcome = run_on_host(command);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 3);
  CHECK(outcome->out == "input");
  CHECK(outcome->err == "hello\n");
  CHECK_FALSE(outcome->truncated);
}

TEST_CASE("a command killed by a signal ends with 128 and the signal's number") {
  auto outcome = run_on_host({{"sh", "-c", "kill -TERM $$"}});
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 143);
}

TEST_CASE("a program that does not exist is not found, and named") {
  auto outcome = run_on_host({{"/no/such/program"}});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::not_found);
  CHECK(outcome.error().message.find("/no/such/program") != std::string::npos);
}

TEST_CASE("at the timeout the whole process group ends, grandchildren too") {
  const std::string mark = "/tmp/moult-host-command-" + std::to_string(::getpid());
  Command command{{"sh", "-c", "(sleep 0.5; : > \"$1\") & wait", "sh", mark}};
  command.timeout = 100ms;
  auto outcome = run_on_host(command);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::timeout);
  std::this_thread::sleep_for(700ms);
  CHECK_FALSE(std::filesystem::exists(mark));
  std::filesystem::remove(mark);
}

TEST_CASE("a background child that keeps the streams open does not delay the outcome") {
  const auto start = std::chrono::steady_clock::now();
  auto outcome = run_on_host({{"sh", "-c", "sleep 3 & echo done"}});
  REQUIRE(outcome);
  CHECK(outcome->out == "done\n");
  CHECK(std::chrono::steady_clock::now() - start < 2s);
}

TEST_CASE("output beyond the limit is dropped and said, and input nobody reads harms nobody") {
  Command command{{"sh", "-c", "exec 0<&-; head -c 300000 /dev/zero"}, {}, std::string(1'000'000, 'x')};
  command.output_limit = 1000;
  auto outcome = run_on_host(command);
  REQUIRE(outcome);
  CHECK(outcome->good());
  CHECK(outcome->out.size() == 1000);
  CHECK(outcome->truncated);
}
