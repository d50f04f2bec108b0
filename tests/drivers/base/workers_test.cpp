#include "drivers/workers.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "catch.hpp"

using namespace std::chrono_literals;
using moult::Code;
using moult::Result;

namespace {

/// Runs `count` jobs and says how many were at it at once.
int most_at_once(moult::Workers& workers, int count) {
  std::atomic<int> now{0}, most{0};
  std::vector<moult::Workers::Job> jobs(count, [&]() -> Result<> {
    const int here = ++now;
    for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
    }
    std::this_thread::sleep_for(100ms);
    --now;
    return {};
  });
  REQUIRE(workers.all(std::move(jobs)));
  return most;
}

}  // namespace

TEST_CASE("jobs run side by side up to the limit and never above it") {
  auto workers = moult::make_thread_workers(3);
  CHECK(most_at_once(*workers, 12) == 3);
  CHECK(most_at_once(*workers, 2) == 2);
}

TEST_CASE("a limit of none still runs the jobs, one by one") {
  auto workers = moult::make_thread_workers(0);
  CHECK(most_at_once(*workers, 3) == 1);
}

TEST_CASE("the failure reported is the first in the order of the jobs, and the others still end") {
  auto workers = moult::make_thread_workers(4);
  std::atomic<int> ended{0};
  auto result = workers->all({
      [&]() -> Result<> {
        ++ended;
        return {};
      },
      [&]() -> Result<> {
        std::this_thread::sleep_for(30ms);
        ++ended;
        return moult::fail(Code::timeout, "slow");
      },
      [&]() -> Result<> {
        ++ended;
        return moult::fail(Code::io, "quick");
      },
      [&]() -> Result<> {
        std::this_thread::sleep_for(10ms);
        ++ended;
        return {};
      },
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "slow");
  CHECK(ended == 4);
}

TEST_CASE("an exception in a job becomes that job's error and harms no other") {
  auto workers = moult::make_thread_workers(2);
  std::atomic<int> ended{0};
  auto result = workers->all({
      []() -> Result<> { throw std::runtime_error("out of luck"); },
      [&]() -> Result<> {
        ++ended;
        return {};
      },
      []() -> Result<> { throw 7; },
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::internal);
  CHECK(result.error().message.find("out of luck") != std::string::npos);
  CHECK(ended == 1);
}

TEST_CASE("no jobs is success, and jobs may start jobs of their own") {
  auto workers = moult::make_thread_workers(2);
  CHECK(workers->all({}));
  std::atomic<int> inner{0};
  auto nested = [&]() -> Result<> {
    return workers->all({[&]() -> Result<> {
                           ++inner;
                           return {};
                         },
                         [&]() -> Result<> {
                           ++inner;
                           return {};
                         }});
  };
  CHECK(workers->all({nested, nested, nested}));
  CHECK(inner == 6);
}
