// The disk is full: an error that says so, and nothing half done.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

/// Runs body in a child; its answer, or a text that begins with '!'.
std::string in_child(const std::function<std::string()>& body) {
  int ends[2];
  if (::pipe(ends) != 0) return "!pipe";
  const auto child = ::fork();
  if (child == 0) {
    const auto answer = body();
    const bool sent = ::write(ends[1], answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  std::string answer(4096, '\0');
  std::size_t size = 0;
  for (ssize_t count = 0; (count = ::read(ends[0], answer.data() + size, answer.size() - size)) > 0;)
    size += static_cast<std::size_t>(count);
  answer.resize(size);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? answer : "!died";
}

/// Writes atomic steps until one fails, then looks at what is there.
std::string fill(const std::string& state, const std::function<void()>& relieve) {
  auto opened = open_store(state);
  if (!opened) return "!" + opened.error().describe();
  auto store = std::move(*opened);
  if (!store->journal().create_run(a_run(), stamp())) return "!create";
  const std::string bulk(4000, 'x');
  Result<> written;
  int rounds = 0;
  for (; written && rounds < 10'000; ++rounds)
    written = store->atomically([&]() -> Result<> {
      MOULT_TRY(store->journal().intend({"r1", "step", "", R"({"bulk":")" + bulk + "\"}", kUtc}));
      MOULT_TRY(store->audit().append(an_entry("round", "r1", R"({"bulk":")" + bulk + "\"}")));
      return {};
    });
  if (written) return "!never full";
  const auto code = std::string(name_of(written.error().code));
  const auto half = store->journal().steps("r1");
  if (!half || half->size() != static_cast<std::size_t>(rounds - 1)) return "!half done";
  relieve();
  if (const auto again = store->journal().put_value("r1", "k", "v"); !again)
    return "!not again: " + again.error().describe();
  store.reset();
  opened = open_store(state);
  if (!opened) return "!reopen: " + opened.error().describe();
  const auto report = verify_audit((*opened)->audit());
  if (!report || !report->good || report->rows != rounds) return "!chain";
  return code;
}

/// A small file system of its own, seen by this process alone.
bool mount_small(const std::string& path) {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=2m") == 0;
}

}  // namespace

TEST_CASE("a full file system is no_space, nothing is half done, and writing goes on when there is room") {
  const TemporaryDirectory directory;
  const auto answer = in_child([&]() -> std::string {
    if (!mount_small(directory.path())) return "!cannot mount a tmpfs: this test needs root";
    return fill(directory.state(),
                [&] { ::mount("tmpfs", directory.path().c_str(), "tmpfs", MS_REMOUNT, "size=16m"); });
  });
  CHECK(answer == "no_space");
}

TEST_CASE("a store that cannot be made for lack of room leaves nothing that looks like one") {
  const TemporaryDirectory directory;
  const auto answer = in_child([&]() -> std::string {
    if (!mount_small(directory.path())) return "!cannot mount a tmpfs: this test needs root";
    if (::mount("tmpfs", directory.path().c_str(), "tmpfs", MS_REMOUNT, "size=16k") != 0) return "!remount";
    const auto opened = open_store(directory.state());
    if (opened) return "!opened";
    if (std::filesystem::exists(directory.state() + "/moult.db")) return "!half made";
    ::mount("tmpfs", directory.path().c_str(), "tmpfs", MS_REMOUNT, "size=16m");
    return open_store(directory.state()) ? std::string(name_of(opened.error().code)) : "!not again";
  });
  CHECK(answer == "no_space");
}

TEST_CASE("a limit on the size of files is an io error, and nothing is half done") {
  const TemporaryDirectory directory;
  const auto answer = in_child([&]() -> std::string {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 1 << 20;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return fill(directory.state(), [&] {
      limit.rlim_cur = limit.rlim_max;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    });
  });
  CHECK(answer == "io");
}
