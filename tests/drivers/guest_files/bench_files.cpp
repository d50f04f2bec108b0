// One figure of carrying files, beside what it is compared with: bench_guest_files DIRECTORY FIGURE
// Two helpers' servers in this process, each behind its protocol on a socket pair; rsync has a socket pair of its own.
// Prints what tests/bench/rows read: our figure, the other one.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <thread>

#include "drivers/fd.hpp"
#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/files/local_files.hpp"
#include "drivers/guest/local_access.hpp"
#include "tests/drivers/guest/fake_files.hpp"
#include "tests/drivers/guest/fake_port.hpp"

using namespace moult;
namespace fs = std::filesystem;

namespace {

constexpr int kFiles = 100'000;
constexpr std::uint64_t kGiB = 1ULL << 30;

template <typename T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().describe() << "\n";
  std::exit(1);
}
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

void put(const std::string& path, const std::string& content, off_t at = 0, int flags = O_CREAT | O_TRUNC) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0644));
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

/// A helper's server in this process and a session to it.
struct Remote {
  explicit Remote(std::unique_ptr<GuestFiles> made) : files(std::move(made)) {}
  ~Remote() { local.stop(); }
  static Result<> nothing() { return {}; }
  static guest::SessionOptions options() {
    guest::SessionOptions options;
    options.run = "bench";
    return options;
  }
  guest::LocalAccess local;
  std::unique_ptr<GuestFiles> files;
  guest::Service service{local, *files, nothing, nothing};
  test::FakePort port;
  test::ServedPort served{service, port};
  guest::RemoteSession session{guest::Route{[this] { return port.open(); }, {}}, options()};
};

/// Gives as many bytes as it is told, and takes any: the channel alone.
class RawFiles final : public test::FakeFiles {
 public:
  explicit RawFiles(std::uint64_t bytes) : bytes_(bytes) {}
  Result<EmitReport> emit(const std::string&, RoundMode, const ByteSource&, const ByteSink& sink) override {
    const std::vector<std::byte> piece(256U << 10);
    for (std::uint64_t done = 0; done < bytes_; done += piece.size()) MOULT_TRY(sink(piece));
    return EmitReport{};
  }
  Result<std::unique_ptr<ApplyStream>> apply(const std::string&) override { return std::make_unique<Drop>(); }

 private:
  struct Drop final : ApplyStream {
    Result<> write(Bytes) override { return {}; }
    Result<ApplyReport> finish() override { return ApplyReport{}; }
  };
  std::uint64_t bytes_;
};

class Bench {
 public:
  explicit Bench(const std::string& base) : base_(base), from(base + "/from"), to(base + "/to"), theirs(base + "/rsync") {
    fs::remove_all(base);
    for (const auto& each : {from, to, theirs}) fs::create_directories(each);
  }
  ~Bench() { fs::remove_all(base_); }

  void begin(GuestFiles& source, GuestFiles& target) const {
    must(source.start_capture({set(from)}));
    must(target.open_target(set(to)));
  }
  /// One round as the strategy makes it. Returns all bytes that went either way.
  static std::uint64_t round(GuestFiles& source, GuestFiles& target, RoundMode mode) {
    std::string bases;
    const ByteSink keep = [&](Bytes bytes) -> Result<> {
      bases.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    };
    if (mode == RoundMode::reconcile) must(target.manifest("data", keep));
    const auto large = must(source.large("data"));
    if (!large.empty()) must(target.signatures("data", large, keep));
    std::uint64_t moved = bases.size();
    auto stream = must(target.apply("data"));
    std::size_t at = 0;
    must(source.emit(
        "data", mode,
        [&](std::span<std::byte> out) -> Result<std::size_t> {
          const auto size = std::min(out.size(), bases.size() - at);
          std::memcpy(out.data(), bases.data() + at, size);
          at += size;
          return size;
        },
        [&](Bytes bytes) {
          moved += bytes.size();
          return stream->write(bytes);
        }));
    must(stream->finish());
    return moved;
  }
  static void same(GuestFiles& source, GuestFiles& target) {
    if (must(source.digest("data")) == must(target.digest("data"))) return;
    std::cerr << "the digests differ\n";
    std::exit(1);
  }
  void rsync() const {
    const auto source = from + "/", target = theirs + "/";
    const char* argv[] = {"rsync", "-aHAX", "--delete", source.c_str(), target.c_str(), nullptr};
    pid_t pid = 0;
    int status = 1;
    must(::posix_spawnp(&pid, argv[0], nullptr, nullptr, const_cast<char**>(argv), environ) == 0, "rsync");
    must(::waitpid(pid, &status, 0) == pid && status == 0, "rsync");
  }
  static FileSet set(const std::string& root) {
    FileSet set;
    set.name = "data";
    set.root = root;
    return set;
  }

 private:
  std::string base_;

 public:
  const std::string from, to, theirs;
};

std::string file_name(int i) { return "/d" + std::to_string(i % 100) + "/file-" + std::to_string(i); }

void make_small(const Bench& bench, int count) {
  for (int d = 0; d < 100; ++d) fs::create_directories(bench.from + "/d" + std::to_string(d));
  for (int i = 0; i < count; ++i) put(bench.from + file_name(i), std::string(4096, static_cast<char>('a' + i % 26)));
}

void let_settle() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

/// 100,000 files of 4 KiB, from nothing.
void first_small(Bench& bench, GuestFiles& source, GuestFiles& target) {
  make_small(bench, kFiles);
  bench.begin(source, target);
  const auto ours = ms_of([&] { Bench::round(source, target, RoundMode::reconcile); });
  Bench::same(source, target);
  std::cout << ours << " " << ms_of([&] { bench.rsync(); }) << "\n";
}

/// 100 of them changed.
void few_changed(Bench& bench, GuestFiles& source, GuestFiles& target) {
  make_small(bench, kFiles);
  bench.begin(source, target);
  Bench::round(source, target, RoundMode::reconcile);
  bench.rsync();
  let_settle();
  Bench::round(source, target, RoundMode::scan);
  for (int i = 0; i < 100; ++i) put(bench.from + file_name(i * 1000), "changed");
  const auto ours = ms_of([&] { Bench::round(source, target, RoundMode::events); });
  Bench::same(source, target);
  std::cout << ours << " " << ms_of([&] { bench.rsync(); }) << "\n";
}

/// 1 GiB in 64 MiB files, beside as many bytes of nothing.
void first_large(Bench& bench, GuestFiles& source, GuestFiles& target) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 16; ++i) {
    put(bench.from + "/" + std::to_string(i), "");
    for (int part = 0; part < 64; ++part)
      put(bench.from + "/" + std::to_string(i), noise(1 << 20, random), static_cast<off_t>(part) << 20, 0);
  }
  ::sync();
  bench.begin(source, target);
  const auto ours = ms_of([&] { Bench::round(source, target, RoundMode::reconcile); });
  Bench::same(source, target);
  Remote one(std::make_unique<RawFiles>(kGiB)), other(std::make_unique<RawFiles>(0));
  auto& from = one.session.files();
  auto& to = other.session.files();
  std::cout << ours << " " << ms_of([&] {
    auto stream = must(to.apply("data"));
    must(from.emit("data", RoundMode::events, [](std::span<std::byte>) -> Result<std::size_t> { return 0; },
                   [&](Bytes bytes) { return stream->write(bytes); }));
    must(stream->finish());
  }) << "\n";
}

/// 1 % of a file of 1 GiB changed in place: bytes that moved, and the file's.
void in_place(Bench& bench, GuestFiles& source, GuestFiles& target) {
  std::mt19937_64 random(1);
  const auto file = bench.from + "/db";
  put(file, "");
  for (off_t at = 0; at < static_cast<off_t>(kGiB); at += 1 << 20) put(file, noise(1 << 20, random), at, 0);
  bench.begin(source, target);
  Bench::round(source, target, RoundMode::reconcile);
  for (int i = 0; i < 2621; ++i)
    put(file, noise(4096, random), static_cast<off_t>(random() % (kGiB / 4096) * 4096), 0);
  std::uint64_t moved = 0;
  const auto took = ms_of([&] { moved = Bench::round(source, target, RoundMode::events); });
  Bench::same(source, target);
  std::cerr << "in " << took << " ms\n";
  std::cout << moved << " " << kGiB << "\n";
}

/// 20 changes among files at rest: the digests of both sides, with 100,000 and with 100 files.
void at_rest(Bench& bench, GuestFiles&, GuestFiles&) {
  const auto digests = [&](int count) {
    Bench inner(bench.from + "/" + std::to_string(count));
    Remote a(make_local_files()), b(make_local_files());
    auto& source = a.session.files();
    auto& target = b.session.files();
    make_small(inner, count);
    inner.begin(source, target);
    Bench::round(source, target, RoundMode::reconcile);
    let_settle();
    Bench::round(source, target, RoundMode::scan);
    std::vector<double> all;
    for (int turn = 0; turn < 9; ++turn) {
      for (int i = 0; i < 20; ++i) put(inner.from + file_name(i), "changed " + std::to_string(turn));
      Bench::round(source, target, RoundMode::events);
      all.push_back(ms_of([&] { Bench::same(source, target); }));
    }
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
  };
  const auto many = digests(kFiles), some = digests(10'000), few = digests(100);
  std::cerr << "10,000 files: " << some << " ms\n";
  std::cout << many << " " << few << "\n";
}

long peak_mib() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// A million changes of 20,000 files, in rounds: the peak memory of both sides together, and what one may have.
void million(Bench& bench, GuestFiles& source, GuestFiles& target) {
  make_small(bench, 20'000);
  bench.begin(source, target);
  Bench::round(source, target, RoundMode::reconcile);
  const pid_t writer = ::fork();
  if (writer == 0) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 1'000'000; ++i) {
      const auto file = bench.from + file_name(static_cast<int>(random() % 20'000));
      if (random() % 8 == 0)
        ::unlink(file.c_str());
      else
        put(file, std::to_string(i), 0, O_CREAT);
    }
    ::_exit(0);
  }
  int status = 1, rounds = 0;
  while (::waitpid(writer, &status, WNOHANG) == 0) {
    Bench::round(source, target, RoundMode::events);
    ++rounds;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  Bench::round(source, target, RoundMode::events);
  Bench::same(source, target);
  const auto memory = peak_mib();
  int missed = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto read = [&](const std::string& root) {
      const Fd fd(::open((root + file_name(i)).c_str(), O_RDONLY | O_CLOEXEC));
      std::string text(8192, '\0');
      const auto got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
      return got < 0 ? std::string("none") : text.substr(0, static_cast<std::size_t>(got));
    };
    missed += read(bench.from) != read(bench.to) ? 1 : 0;
  }
  std::cerr << missed << " missed, in " << rounds << " rounds\n";
  must(missed == 0, "carrying a million changes");
  std::cout << memory << " 64\n";
}

}  // namespace

int main(int argc, char** argv) {
  using Figure = void (*)(Bench&, GuestFiles&, GuestFiles&);
  const std::map<std::string, Figure> figures{{"first-small", first_small}, {"few-changed", few_changed},
                                              {"first-large", first_large}, {"in-place", in_place},
                                              {"at-rest", at_rest},         {"million", million}};
  const auto figure = argc == 3 ? figures.find(argv[2]) : figures.end();
  if (figure == figures.end()) {
    std::cerr << "usage: bench_guest_files DIRECTORY first-small|few-changed|first-large|in-place|at-rest|million\n";
    return 2;
  }
  Bench bench(std::string(argv[1]) + "/moult-bench-files");
  Remote source(make_local_files()), target(make_local_files());
  figure->second(bench, source.session.files(), target.session.files());
  return 0;
}
