#include <future>
#include <string>
#include <thread>

#include "catch.hpp"
#include "lab_world.hpp"

using namespace moult;
using namespace std::chrono_literals;

TEST_CASE("a running machine's facts are read without changing it", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto before = lab::virsh({"dumpxml", lab::original().domain});
  MachineFacts facts;
  lab::report(
      "inspect, connection included",
      static_cast<double>(lab::time_of([&] { facts = lab::must(parts.lifecycle().inspect(lab::original())); }).count()),
      "ms");
  lab::report(
      "inspect",
      static_cast<double>(lab::time_of([&] { facts = lab::must(parts.lifecycle().inspect(lab::original())); }).count()),
      "ms");
  CHECK(facts.state == PowerState::running);
  CHECK(facts.persistent);
  CHECK(facts.has_agent);
  CHECK(facts.uuid.size() == 36);
  CHECK(facts.memory_kib > 0);
  REQUIRE_FALSE(facts.disks.empty());
  CHECK(facts.disks.front().format == "qcow2");
  CHECK(facts.disks.front().virtual_bytes > 0);
  CHECK(facts.disks.front().allocated_bytes > 0);
  CHECK(facts.disks.front().chain.front() == facts.disks.front().path);
  REQUIRE_FALSE(facts.nics.empty());
  CHECK(facts.nics.front().source == "prod0");
  CHECK(lab::virsh({"dumpxml", lab::original().domain}) == before);
}

TEST_CASE("the guest agent runs commands with separate streams, input, environment and exit code", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto guest = lab::guest(parts, lab::original());
  Command command{{"sh", "-c", "cat; echo err >&2; echo $WORD; exit 3"}, {{"WORD", "moult"}}, "in\n"};
  const auto outcome = lab::must(guest->run(command));
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.out == "in\nmoult\n");
  CHECK(outcome.err == "err\n");
  const auto spent = lab::time_of([&] {
    for (int i = 0; i < 10; ++i) lab::in_guest(*guest, {"true"});
  });
  lab::report("a command through the guest agent", static_cast<double>(spent.count()) / 10, "ms");
}

TEST_CASE("agents that hang keep no other call waiting", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto guest = lab::guest(parts, lab::original());
  // Not before the answer is out, and for longer than an agent is waited for.
  lab::in_guest(*guest, {"sh", "-c",
                         "(sleep 1; kill -STOP $(pidof qemu-ga); sleep 12; kill -CONT $(pidof qemu-ga)) >/dev/null "
                         "2>&1 &"});
  std::this_thread::sleep_for(2s);
  std::vector<std::future<bool>> hung;
  for (int i = 0; i < 6; ++i)
    hung.push_back(std::async(std::launch::async, [&] { return parts.agent(lab::original(), 0ms).has_value(); }));
  std::this_thread::sleep_for(500ms);
  const auto spent = lab::time_of([&] { CHECK(lab::must(parts.lifecycle().inspect(lab::original())).persistent); });
  CHECK(spent < 4s);  // an agent is given up after 5
  for (auto& one : hung) CHECK_FALSE(one.get());
  (void)lab::guest(parts, lab::original());
}

TEST_CASE("a command's output is cut at its limit and says so", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto guest = lab::guest(parts, lab::original());
  Command command{{"sh", "-c", "head -c 5000 /dev/zero"}, {}, {}};
  command.output_limit = 1000;
  const auto outcome = lab::must(guest->run(command));
  CHECK(outcome.out.size() == 1000);
  CHECK(outcome.truncated);
}

TEST_CASE("a program that the guest does not have is not_found, and a killed one has its signal's exit code", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto guest = lab::guest(parts, lab::original());
  const auto outcome = guest->run(Command{{"no-such-program"}, {}, {}});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::not_found);
  CHECK(lab::must(guest->run(Command{{"sh", "-c", "kill -9 $$"}, {}, {}})).exit_code == 137);
}

TEST_CASE("a command that does not end is killed at its timeout with all that it started", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto guest = lab::guest(parts, lab::original());
  Command command{{"sh", "-c", "sleep 777 & sleep 777"}, {}, {}, 500ms};
  const auto outcome = guest->run(command);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::timeout);
  const auto left = lab::must(
      guest->run(Command{{"sh", "-c", "grep -l -a '^sleep.777' /proc/[0-9]*/cmdline | grep -v self"}, {}, {}}));
  CHECK(left.out.find("cmdline") == std::string::npos);
}

TEST_CASE("files go through the guest agent whole, with their mode, and come back the same", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto guest = lab::guest(parts, lab::original());
  std::string content(3U << 20U, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761U >> 13U);
  std::size_t sent = 0;
  const auto source = [&](std::span<std::byte> buffer) -> Result<std::size_t> {
    const auto size = std::min(buffer.size(), content.size() - sent);
    std::copy_n(reinterpret_cast<const std::byte*>(content.data()) + sent, size, buffer.begin());
    sent += size;
    return size;
  };
  const auto put = lab::time_of([&] { lab::must(guest->put("/run/moult-test", 0640, source)); });
  CHECK(lab::in_guest(*guest, {"stat", "-c", "%a", "/run/moult-test"}) == "640\n");
  std::string back;
  const auto get = lab::time_of([&] {
    lab::must(guest->get("/run/moult-test", [&](Bytes bytes) -> Result<> {
      back.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    }));
  });
  CHECK(back == content);
  lab::report("agent put", 3000.0 / static_cast<double>(put.count()), "MB/s");
  lab::report("agent get", 3000.0 / static_cast<double>(get.count()), "MB/s");
  CHECK(lab::in_guest(*guest, {"sh", "-c", "ls /run | grep moult-test; rm /run/moult-test"}) == "moult-test\n");
  const auto missing = guest->get("/run/moult-test", [](Bytes) -> Result<> { return {}; });
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
}
