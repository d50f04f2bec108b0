// Measures what rounds cost, on a file system of the caller's choice: measure_guest_files DIRECTORY
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>

#include "drivers/guest/files/local_files.hpp"

using namespace moult;
namespace fs = std::filesystem;

namespace {

double cpu_seconds() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const struct timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_of(const std::function<void()>& what) {
  const auto start = std::chrono::steady_clock::now();
  what();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <typename T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().message << "\n";
  std::exit(1);
}
void must(Result<> result) {
  if (result) return;
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

void put(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

long resident_kib() {
  std::ifstream in("/proc/self/statm");
  long pages = 0, resident = 0;
  in >> pages >> resident;
  return resident * ::getpagesize() / 1024;
}

/// One source and one target in this process.
class Bench {
 public:
  explicit Bench(const std::string& base) : source_(make_local_files()), target_(make_local_files()) {
    from_.name = to_.name = "data";
    from_.root = base + "/from";
    to_.root = base + "/to";
    fs::remove_all(from_.root);
    fs::remove_all(to_.root);
    fs::create_directories(from_.root);
    fs::create_directories(to_.root);
  }
  std::string file(const std::string& name) const { return from_.root + "/" + name; }
  void open() {
    must(source_->start_capture({from_}));
    must(target_->open_target(to_));
  }
  EmitReport emit(RoundMode mode) {
    std::string manifest;
    if (mode == RoundMode::reconcile)
      must(target_->manifest("data", [&](Bytes bytes) -> Result<> {
        manifest.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
      }));
    std::size_t at = 0;
    auto stream = must(target_->apply("data"));
    auto report = must(source_->emit(
        "data", mode,
        [&](std::span<std::byte> out) -> Result<std::size_t> {
          const auto size = std::min(out.size(), manifest.size() - at);
          std::memcpy(out.data(), manifest.data() + at, size);
          at += size;
          return size;
        },
        [&](Bytes bytes) { return stream->write(bytes); }));
    must(stream->finish());
    return report;
  }
  void round(const std::string& what, RoundMode mode) {
    EmitReport report;
    const auto cpu = cpu_seconds();
    const auto time = seconds_of([&] { report = emit(mode); });
    std::cout << what << ": " << time * 1e3 << " ms (cpu " << (cpu_seconds() - cpu) * 1e3 << " ms), " << report.paths
              << " paths, " << static_cast<double>(report.bytes) / 1e6 / time << " MB/s, resident "
              << resident_kib() / 1024 << " MiB\n";
  }
  void digests(const std::string& what) {
    std::string a, b;
    const auto time = seconds_of([&] {
      a = must(source_->digest("data"));
      b = must(target_->digest("data"));
    });
    std::cout << what << ": " << time * 1e3 << " ms, " << (a == b ? "equal" : "DIFFERENT") << "\n";
  }
  GuestFiles& source() { return *source_; }

 private:
  std::unique_ptr<GuestFiles> source_, target_;
  FileSet from_, to_;
};

void many_small(const std::string& base) {
  Bench bench(base);
  for (int d = 0; d < 100; ++d) fs::create_directories(bench.file("d" + std::to_string(d)));
  const auto name = [](int i) { return "d" + std::to_string(i % 100) + "/file-" + std::to_string(i); };
  for (int i = 0; i < 100'000; ++i) put(bench.file(name(i)), std::string(4096, static_cast<char>('a' + i % 26)));
  std::cout << "before: resident " << resident_kib() / 1024 << " MiB\n";
  bench.open();
  bench.round("first replay of 100,000 files of 4 KiB", RoundMode::reconcile);
  bench.digests("digests after it");
  bench.round("first scan after it", RoundMode::scan);
  bench.round("scan of 100,000 files, nothing changed", RoundMode::scan);
  bench.round("events, nothing changed", RoundMode::events);
  for (int i = 0; i < 100; ++i) put(bench.file(name(i * 1000)), "changed");
  bench.round("events, 100 of 100,000 changed", RoundMode::events);
  bench.digests("digests after it");
  bench.round("reconcile, nothing changed", RoundMode::reconcile);
}

void large(const std::string& base) {
  Bench bench(base);
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) {
    std::ofstream out(bench.file(std::to_string(i)), std::ios::binary);
    for (int j = 0; j < 64; ++j) {
      std::string varied = block;
      for (std::size_t at = 0; at < varied.size(); at += 512)
        varied[at] = static_cast<char>(i * 64 + j + static_cast<int>(at >> 9));
      out << varied;
    }
  }
  bench.open();
  bench.round("512 MiB in 64 MiB files, read, hashed, written and hashed", RoundMode::reconcile);
}

void events(const std::string& base) {
  Bench bench(base);
  bench.open();
  bench.emit(RoundMode::reconcile);
  constexpr int kChanges = 1'000'000, kFiles = 20'000;
  const auto write = [&] {
    for (int i = 0; i < kChanges / 4; ++i)
      put(bench.file(std::to_string(i % kFiles)), "x");  // create or truncate, modify, close
  };
  const auto busy = seconds_of(write);
  const auto pending = must(bench.source().pending("data"));
  std::cout << kChanges / 4 << " rewrites of " << kFiles << " files while captured: " << busy << " s, " << pending.paths
            << " paths pending, overflow " << pending.overflow << ", resident " << resident_kib() / 1024 << " MiB\n";
  must(bench.source().stop_capture());
  std::cout << "the same without capture: " << seconds_of(write) << " s\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: measure_guest_files DIRECTORY\n";
    return 2;
  }
  const std::string base = std::string(argv[1]) + "/moult-measure";
  many_small(base);
  large(base);
  events(base);
  fs::remove_all(base);
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::cout << "peak resident, both sides together: " << usage.ru_maxrss / 1024 << " MiB\n";
  return 0;
}
