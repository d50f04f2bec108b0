#include "tests/sim/fleet.hpp"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace moult::test {
namespace {

constexpr std::uint64_t kBatch = 64;
constexpr std::size_t kMostFailed = 100;

class Fleet {
 public:
  explicit Fleet(const FleetSpec& spec) : spec_(spec), next_(spec.from) {}

  FleetEnd all() {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < spec_.jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (auto& thread : threads) thread.join();
    end_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::sort(end_.failed.begin(), end_.failed.end());
    return std::move(end_);
  }

 private:
  void work() {
    const Desk desk;
    const auto end = spec_.from + spec_.count;
    for (;;) {
      const auto first = next_.fetch_add(kBatch);
      if (first >= end) return;
      FleetEnd batch;
      for (auto seed = first; seed < std::min(first + kBatch, end) && (spec_.keep_going || !stop_); ++seed)
        add(batch, seed, live(spec_of(spec_, seed), desk.path()));
      add(batch);
    }
  }

  void add(FleetEnd& batch, std::uint64_t seed, const LifeEnd& life) {
    ++batch.cases;
    batch.struck += life.struck.empty() ? 0 : 1;
    batch.switched += life.switched ? 1 : 0;
    batch.calls += life.calls;
    batch.hash += life.hash ^ seed;
    if (life.violations.empty()) return;
    ++batch.bad;
    batch.failed.push_back(seed);
    stop_ = true;
  }

  void add(const FleetEnd& batch) {
    const std::lock_guard lock(mutex_);
    end_.cases += batch.cases;
    end_.bad += batch.bad;
    end_.struck += batch.struck;
    end_.switched += batch.switched;
    end_.calls += batch.calls;
    end_.hash += batch.hash;
    for (const auto seed : batch.failed)
      if (end_.failed.size() < kMostFailed) end_.failed.push_back(seed);
  }

  const FleetSpec& spec_;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  FleetEnd end_;
};

}  // namespace

LifeSpec spec_of(const FleetSpec& fleet, std::uint64_t seed) {
  LifeSpec spec{seed, Shape(seed)};
  (void)spec.shape.apply(fleet.with);  // main has tried it
  return spec;
}

FleetEnd live_all(const FleetSpec& spec) { return Fleet(spec).all(); }

Desk::Desk() {
  std::error_code none;
  const std::filesystem::path memory = "/dev/shm";
  const auto parent = std::filesystem::is_directory(memory, none) ? memory : std::filesystem::temp_directory_path();
  path_ = (parent / "moult-sim-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a directory like " + path_);
}

Desk::~Desk() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace moult::test
