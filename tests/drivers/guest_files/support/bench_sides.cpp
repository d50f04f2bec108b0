#include "support/bench_sides.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace moult::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256U << 10;
constexpr const char* kSet = "data";

std::pair<Fd, Fd> socket_pair() {
  int ends[2];
  must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  return {Fd(ends[0]), Fd(ends[1])};
}

guest::SessionOptions session_options() {
  guest::SessionOptions options;
  options.run = "bench";
  return options;
}

/// Starts a program with this descriptor as its standard input and output, or under its own number where `kept`.
pid_t start(const std::vector<std::string>& argv, int fd, bool kept) {
  std::vector<char*> raw;
  for (const auto& word : argv) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (kept) ::posix_spawn_file_actions_adddup2(&actions, fd, fd);  // takes its close-on-exec flag
  for (int each = 0; each < 2 && !kept && fd >= 0; ++each) ::posix_spawn_file_actions_adddup2(&actions, fd, each);
  pid_t pid = -1;
  must(::posix_spawnp(&pid, raw[0], &actions, nullptr, raw.data(), environ) == 0, argv[0].c_str());
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}

void wait_for(pid_t pid, const char* what) {
  int status = 1;
  must(::waitpid(pid, &status, 0) == pid && status == 0, what);
}

/// Until the first one ends; the other is told.
void pump(int from, int to) {
  std::vector<char> buffer(kPiece);
  while (true) {
    const auto got = ::read(from, buffer.data(), buffer.size());
    if (got <= 0) break;
    for (ssize_t sent = 0; sent < got;) {
      const auto step = ::write(to, buffer.data() + sent, static_cast<std::size_t>(got - sent));
      if (step <= 0) return;
      sent += step;
    }
  }
  ::shutdown(to, SHUT_WR);
}

FileSet set_at(const std::string& root) {
  FileSet set;
  set.name = kSet;
  set.root = root;
  return set;
}

Clock& clock_of_machine() {
  static const auto clock = make_system_clock();
  return *clock;
}

}  // namespace

void must(Result<> result) {
  if (result) return;
  std::cerr << result.error().describe() << "\n";
  std::exit(1);
}

void must(bool good, const char* what) {
  if (good) return;
  std::cerr << what << " failed: " << std::strerror(errno) << "\n";
  std::exit(1);
}

double ms_of(const std::function<void()>& what) {
  const auto start = std::chrono::steady_clock::now();
  what();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

HelperProcess::HelperProcess()
    : session_({[this]() -> Result<Fd> { return std::move(mine_); }, {}}, session_options()) {
  auto [mine, theirs] = socket_pair();
  mine_ = std::move(mine);
  pid_ = start({MOULT_HELPER, "--run", "bench", "--fd", std::to_string(theirs.get())}, theirs.get(), true);
}

HelperProcess::~HelperProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

double HelperProcess::peak_mib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      double kib = 0;
      status >> kib;
      return kib / 1024;
    }
  return 0;
}

Trees::Trees(const std::string& at, const std::string& name)
    : here(at + "/here/" + name),
      there(at + "/there/" + name),
      from(here),
      to(there + "/to"),
      theirs(there + "/rsync") {
  for (const auto& each : {here, there}) fs::remove_all(each);
  for (const auto& each : {from, to, theirs}) fs::create_directories(each);
}
Trees::~Trees() {
  for (const auto& each : {here, there}) fs::remove_all(each);
}

Carried::Carried(const Trees& trees)
    : strategy_({set_at(trees.from),
                 [this]() -> Result<GuestSession*> { return &source.session(); },
                 [this]() -> Result<GuestSession*> { return &target.session(); },
                 {}},
                clock_of_machine(), *workers_) {
  must(strategy_.start_capture());
  must(target.files().open_target(set_at(trees.to)));
}

std::uint64_t Carried::moved_by_round() {
  std::string bases;
  const auto large = must(source.files().large(kSet));
  must(target.files().signatures(kSet, large, [&](Bytes bytes) -> Result<> {
    bases.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  std::uint64_t moved = bases.size();
  std::size_t at = 0;
  auto stream = must(target.files().apply(kSet));
  const ByteSource given = [&](std::span<std::byte> out) -> Result<std::size_t> {
    const auto size = std::min(out.size(), bases.size() - at);
    std::memcpy(out.data(), bases.data() + at, size);
    at += size;
    return size;
  };
  must(source.files().emit(kSet, RoundMode::events, given, [&](Bytes bytes) {
    moved += bytes.size();
    return stream->write(bytes);
  }));
  must(must(stream->finish()).stale.empty(), "making a difference");
  return moved;
}

void Carried::require_equal() {
  if (must(strategy_.verify()).equal) return;
  std::cerr << "the digests differ\n";
  std::exit(1);
}

void rsync(const Trees& trees) {
  const auto shell = fs::read_symlink("/proc/self/exe").string() + " relay";
  wait_for(
      start({"rsync", "-aHAX", "--delete", "-e", shell, trees.from + "/", "other:" + trees.theirs + "/"}, -1, true),
      "rsync");
}

int relay(char** command) {
  auto [mine, theirs] = socket_pair();
  std::vector<std::string> argv;
  for (; *command != nullptr; ++command) argv.emplace_back(*command);
  const auto pid = start(argv, theirs.get(), false);
  theirs.reset();
  std::thread there([&mine = mine] { pump(STDIN_FILENO, mine.get()); });
  pump(mine.get(), STDOUT_FILENO);
  there.detach();  // it may wait for more to come
  int status = 1;
  ::waitpid(pid, &status, 0);
  std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

void through_bare_channel(std::uint64_t bytes) {
  auto [from, sender] = socket_pair();
  auto [to, receiver] = socket_pair();
  const auto writer = ::fork();
  if (writer == 0) {
    const std::vector<char> piece(kPiece);
    for (std::uint64_t sent = 0; sent < bytes;) {
      const auto step = ::write(sender.get(), piece.data(), std::min<std::uint64_t>(piece.size(), bytes - sent));
      if (step <= 0) ::_exit(1);
      sent += static_cast<std::uint64_t>(step);
    }
    ::_exit(0);
  }
  const auto reader = ::fork();
  if (reader == 0) {
    for (auto* end : {&from, &sender, &to}) end->reset();
    std::vector<char> piece(kPiece);
    std::uint64_t got = 0;
    for (ssize_t step = 0; (step = ::read(receiver.get(), piece.data(), piece.size())) > 0;)
      got += static_cast<std::uint64_t>(step);
    ::_exit(got == bytes ? 0 : 1);
  }
  sender.reset();
  receiver.reset();
  pump(from.get(), to.get());
  wait_for(writer, "the bare channel");
  wait_for(reader, "the bare channel");
}

void put(const std::string& path, const std::string& content, std::int64_t at, bool truncate) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (truncate ? O_TRUNC : 0), 0644));
  must(::pwrite(fd.get(), content.data(), content.size(), at) == static_cast<ssize_t>(content.size()), "write");
}

std::string noise(std::size_t size, std::mt19937_64& random) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    const auto value = random();
    std::memcpy(text.data() + at, &value, 8);
  }
  return text;
}

}  // namespace moult::test
