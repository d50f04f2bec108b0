#pragma once

#include <sys/prctl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "descriptors/load.hpp"
#include "helper_process.hpp"
#include "migration/replication_strategy.hpp"

namespace moult::test {

/// A process that ends with the test, in a session of its own.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setsid();
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ~Child() {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // who has no session of its own yet
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] std::string pid() const { return std::to_string(pid_); }
  void signal(int number) const { ::kill(pid_, number); }

 private:
  pid_t pid_ = -1;
};

/// A machine as Redis and its clients see one: a network of its own with the sample's address, in which the helper may
/// die and Redis lives on.
class RedisMachine {
 public:
  RedisMachine()
      : dir_(directory()),
        network_({"unshare", "--net", "sh", "-c",
                  "ip link set lo up && ip address add 10.77.0.22/32 dev lo && touch " + dir_ +
                      "/up && exec sleep infinity"}),
        helper_(inside()) {
    for (int i = 0; i < 1000 && !std::filesystem::exists(dir_ + "/up"); ++i) ::usleep(10'000);
  }
  ~RedisMachine() {
    stop();
    std::filesystem::remove_all(dir_);
  }
  RedisMachine(const RedisMachine&) = delete;
  RedisMachine& operator=(const RedisMachine&) = delete;

  [[nodiscard]] GuestSession& session() { return helper_.session(); }
  [[nodiscard]] HelperProcess& helper() { return helper_; }
  [[nodiscard]] std::string dir() const { return dir_; }
  /// Runs a shell line in its network, without the helper; the exit code, and what it printed.
  std::pair<int, std::string> run(const std::string& line) const {
    auto words = inside();
    std::string command;
    for (const auto& word : words) command += word + " ";
    command += "sh -c '" + line + "' >" + dir_ + "/out 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream file(dir_ + "/out");
    std::string out(std::istreambuf_iterator<char>(file), {});
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return {WEXITSTATUS(status), out};
  }
  std::string redis(const std::string& words) const {
    const auto [code, out] = run("redis-cli -e " + words);
    INFO(words << ": " << out);
    REQUIRE(code == 0);
    return out;
  }
  /// As the sample's redis.conf has it, with what this directory holds.
  void start() {
    auto words = inside();
    for (const auto& word : {std::string("redis-server"),
                             std::filesystem::absolute("samples/sessions/guest/etc/redis/redis.conf").string(),
                             std::string("--dir"), dir_, std::string("--logfile"), dir_ + "/log"})
      words.push_back(word);
    redis_ = std::make_unique<Child>(words);
    for (int i = 0; i < 1000 && run("redis-cli -e PING").first != 0; ++i) ::usleep(10'000);
  }
  void signal(int number) const { redis_->signal(number); }
  /// As a crash would.
  void stop() { redis_.reset(); }
  /// Begins with what the other one's disk holds now.
  void start_as_clone_of(const RedisMachine& other) {
    std::filesystem::copy(other.dir() + "/appendonlydir", dir_ + "/appendonlydir",
                          std::filesystem::copy_options::recursive);
    start();
  }
  [[nodiscard]] std::vector<std::string> inside() const { return {"nsenter", "-t", network_.pid(), "--net"}; }

 private:
  static std::string directory() {
    char name[] = "/var/tmp/moult-redis-XXXXXX";
    return ::mkdtemp(name);
  }
  const std::string dir_;
  Child network_;
  HelperProcess helper_;
  std::unique_ptr<Child> redis_;
};

/// The sample's clients, who write to one machine. What they were told is noted in the directory, also by later ones.
class Sessions {
 public:
  Sessions(const RedisMachine& machine, const std::string& dir)
      : dir_(dir), child_([&] {
          auto words = machine.inside();
          words.push_back(std::filesystem::absolute("samples/sessions/clients").string());
          words.push_back(dir);
          return words;
        }()) {}
  /// Waits until so many more were acknowledged.
  void await(std::size_t more) const {
    const auto wanted = acknowledged(dir_).size() + more;
    for (int i = 0; i < 6000 && acknowledged(dir_).size() < wanted; ++i) ::usleep(10'000);
    REQUIRE(acknowledged(dir_).size() >= wanted);
  }
  static std::set<std::string> acknowledged(const std::string& dir) {
    std::set<std::string> entries;
    std::ifstream file(dir + "/acknowledged");
    for (std::string at, entry; file >> at >> entry;) entries.insert(entry);
    return entries;
  }

 private:
  std::string dir_;
  Child child_;
};

/// The set of samples/sessions/maintenance.yaml between two machines.
inline VendorStrategy::Setup setup_of(RedisMachine& source, RedisMachine& target, bool back = false) {
  const auto loaded = load_maintenance("samples/sessions/maintenance.yaml");
  REQUIRE(loaded.good());
  const auto& data = loaded.value.components.front().data.front();
  VendorStrategy::Setup setup;
  setup.set.name = std::string("sessions.keys") + (back ? "~back" : "");
  setup.set.run = "r1";
  setup.set.port = data.hooks.port;
  setup.set.back = back;
  setup.set.commands = back ? data.hooks.back : data.hooks.forward;
  setup.set.timeout = Millis{20000};
  setup.set.state = source.dir() + "/state";
  setup.set.spool = source.dir() + "/spool/stream";
  setup.source = [&source]() -> Result<GuestSession*> { return &source.session(); };
  setup.target = [&target]() -> Result<GuestSession*> { return &target.session(); };
  return setup;
}

}  // namespace moult::test
