#include "haproxy_world.hpp"

#include <fcntl.h>
#include <httplib.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "catch.hpp"
#include "drivers/entry/haproxy/runtime_api.hpp"
#include "drivers/host_command.hpp"

extern char** environ;

namespace moult::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAddress = "10.77.9.2";

void run(std::vector<std::string> argv, std::string input = {}) {
  Command command{std::move(argv), {}, std::move(input)};
  const auto outcome = run_on_host(command);
  REQUIRE(outcome);
  INFO(outcome->err);
  REQUIRE(outcome->good());
}

void ip(const std::string& lines) { run({"ip", "-batch", "-"}, lines); }

/// Once per process: everything below happens in a network of its own.
void enter_namespaces() {
  static const bool entered = [] {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
    // As on a host of libvirt's: a bridge with an address and a port of its own. Without them its address goes by A's
    // and B's links, and its carrier with them: the host forgets then where the service is, and the question (ARP)
    // that is lost meanwhile is repeated only a second later.
    ip("link set lo up\nlink add br0 address 02:00:00:77:09:01 type bridge\naddr add 10.77.9.1/24 dev br0\n"
       "link add up0 type veth peer name up1\nlink set up0 master br0\nlink set up0 up\nlink set up1 up\n"
       "link set br0 up\n");
    return true;
  }();
  INFO("this test needs root: it makes network namespaces");
  REQUIRE(entered);
}

}  // namespace

Side::Side(std::string name) : name_(std::move(name)), server_(std::make_unique<httplib::Server>()) {
  enter_namespaces();
  server_->new_task_queue = [] { return new httplib::ThreadPool(48); };
  server_->set_keep_alive_max_count(1'000'000);
  server_->set_tcp_nodelay(true);
  server_->set_socket_options([this](auto socket) { listener_ = static_cast<int>(socket); });
  server_->Get("/.*", [this](const httplib::Request& request, httplib::Response& response) {
    if (request.has_param("ms")) std::this_thread::sleep_for(Millis{std::stoi(request.get_param_value("ms"))});
    ++requests_;
    response.set_content(name_, "text/plain");
  });
  std::promise<pid_t> thread_id;
  std::promise<void> connected;
  thread_ = std::thread([&, go = connected.get_future()]() mutable {
    const bool apart = ::unshare(CLONE_NEWNET) == 0;
    thread_id.set_value(apart ? static_cast<pid_t>(::syscall(SYS_gettid)) : -1);
    go.wait();
    server_->listen(kAddress, 8080);
  });
  const auto id = thread_id.get_future().get();
  REQUIRE(id > 0);
  const std::string space = "/proc/" + std::to_string(::getpid()) + "/task/" + std::to_string(id) + "/ns/net";
  const std::string inner = "e" + name_;
  ip("link add " + link() + " type veth peer name " + inner + " address 02:00:00:77:09:02\nlink set " + link() +
     " up\n");
  run({"nsenter", "--net=" + space, "ip", "link", "set", "lo", "up"});
  run({"ip", "link", "set", inner, "netns", space});
  run({"nsenter", "--net=" + space, "ip", "-batch", "-"},
      "addr add " + std::string(kAddress) + "/24 dev " + inner + "\nlink set " + inner + " up\n");
  connected.set_value();
  while (!server_->is_running()) std::this_thread::sleep_for(1ms);
  // The library's backlog of 5 drops connections when many come at once, and a lost SYN costs a second.
  REQUIRE(::listen(listener_, 512) == 0);
}

Side::~Side() {
  server_->stop();
  thread_.join();
  (void)run_on_host({{"ip", "link", "del", link()}});
}

HaproxyWorld::HaproxyWorld(HaproxyOptions options) : options_(std::move(options)) {
  std::string name = "/tmp/moult-haproxy-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  directory_ = name;
  std::ofstream(directory_ + "/hold.map");
  const auto lua = std::filesystem::current_path() / "drivers/entry/haproxy/moult-hold.lua";
  std::ofstream(directory_ + "/haproxy.cfg")
      << "global\n stats socket " << directory_ << "/admin.sock level " << options_.level << "\n nbthread 2\n"
      << " setenv MOULT_HOLD_MAP " << directory_ << "/hold.map\n setenv MOULT_HOLD_MAX_MS " << options_.max_ms << "\n"
      << (options_.lua ? " lua-load-per-thread " + lua.string() + "\n" : "")
      << "defaults\n mode http\n timeout connect 2s\n timeout client 30s\n timeout server 30s\n"
      << "frontend notes\n bind " << kHost << ":" << kPort << "\n"
      << (options_.rule ? " http-request lua.moult_hold\n" : "") << " default_backend app\n"
      << "backend app\n " << options_.backend << "\n server s1 " << kAddress << ":8080 " << options_.server << "\n"
      << options_.more;
  ip("link set " + a.link() + " master br0\n");
  start_haproxy();
}

HaproxyWorld::~HaproxyWorld() {
  stop_haproxy();
  std::filesystem::remove_all(directory_);
}

void HaproxyWorld::start_haproxy() {
  const std::string configuration = directory_ + "/haproxy.cfg", log = directory_ + "/log";
  std::vector<std::string> argv{"haproxy", "-db", "-f", configuration};
  if (!options_.clock.empty())
    argv.insert(argv.begin(), {"env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1",
                               "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME=" + options_.clock});
  std::vector<char*> pointers;
  for (auto& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  REQUIRE(::posix_spawnp(&pid_, argv.front().c_str(), &files, nullptr, pointers.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&files);
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (get().status != 200 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  std::ifstream said(log);
  INFO(std::string(std::istreambuf_iterator<char>(said), {}));
  REQUIRE(get().status == 200);
}

void HaproxyWorld::stop_haproxy() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

EntrySpec HaproxyWorld::spec() const {
  EntrySpec spec;
  spec.kind = EntryKind::haproxy;
  spec.socket = directory_ + "/admin.sock";
  spec.frontend = "notes";
  spec.map = directory_ + "/hold.map";
  return spec;
}

std::unique_ptr<Entry> HaproxyWorld::entry() const {
  auto made = make_entry(spec());
  REQUIRE(made);
  return std::move(*made);
}

void HaproxyWorld::switch_to_b() { ip("link set " + a.link() + " nomaster\nlink set " + b.link() + " master br0\n"); }

void HaproxyWorld::disconnect_a() { ip("link set " + a.link() + " nomaster\n"); }

std::string HaproxyWorld::ask(const std::string& line) const {
  auto answer = haproxy::RuntimeApi(directory_ + "/admin.sock").ask(line);
  REQUIRE(answer);
  return *answer;
}

Answer get(const std::string& path) {
  httplib::Client client(HaproxyWorld::kHost, HaproxyWorld::kPort);
  client.set_read_timeout(10s);
  const auto start = std::chrono::steady_clock::now();
  const auto result = client.Get(path);
  const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - start);
  return result ? Answer{result->status, result->body, took} : Answer{0, "failed", took};
}

}  // namespace moult::test
