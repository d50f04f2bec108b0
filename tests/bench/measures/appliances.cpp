// Memory and processor time of simulated upgrades, all of which are in the middle of their runs at the same time.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrier>
#include <fstream>
#include <memory>
#include <thread>

#include "tests/bench/measures/measures.hpp"
#include "tests/sim/sim_run.hpp"

namespace moult::bench {
namespace {

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

}  // namespace

nlohmann::json appliances(std::size_t count) {
  std::vector<std::unique_ptr<test::SimRun>> runs;
  for (std::size_t i = 0; i < count; ++i) runs.push_back(std::make_unique<test::SimRun>(test::two_machines(i + 1)));
  double resident = 0;
  std::barrier ready(static_cast<std::ptrdiff_t>(count), [&resident]() noexcept { resident = resident_bytes(); });
  std::vector<std::string> problems(count);
  const auto work = [&](std::size_t i) {
    bool waited = false;
    runs[i]->on_state([&](RunState state) {
      if (state == RunState::ready && !std::exchange(waited, true)) ready.arrive_and_wait();
    });
    const auto ended = runs[i]->go();
    if (!waited) ready.arrive_and_drop();
    problems[i] = ended ? runs[i]->violations() : ended.error().describe();
  };
  const auto begin = processor_ms();
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work, i);
  }
  for (const auto& problem : problems) must(problem.empty(), problem.c_str());
  return {{"resident_bytes", resident}, {"processor_ms", processor_ms() - begin}};
}

}  // namespace moult::bench
