// Lives of runs in simulated worlds: tests/sim/run builds and starts this.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/sim/fleet.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/strikes.hpp"

using namespace moult;
using namespace moult::test;

namespace {

struct Arguments {
  FleetSpec fleet;
  std::string json, strikes;
  std::uint64_t replay = 0;
  long ppm = -1;
};

void print(const LifeEnd& end) {
  for (const auto& broken : end.violations)
    std::printf("  %s at %.6f s: %s\n", broken.invariant.c_str(), static_cast<double>(broken.at) / 1e6,
                broken.text.c_str());
}

/// One life with its trace.
int replay(const Arguments& arguments) {
  auto spec = spec_of(arguments.fleet, arguments.replay);
  spec.keep_trace = true;
  if (!arguments.strikes.empty()) {
    auto strikes = strikes_of(arguments.strikes);
    if (!strikes) {
      std::fprintf(stderr, "%s\n", strikes.error().describe().c_str());
      return 2;
    }
    spec.strikes = std::move(*strikes);
  }
  const Desk desk;
  const auto end = live(spec, desk.path());
  std::printf("%s%sseed %llu ended %s; struck: %s\n", end.trace.c_str(), end.words.c_str(),
              static_cast<unsigned long long>(spec.seed),
              end.state ? std::string(name_of(*end.state)).c_str() : "before it began", text_of(end.struck).c_str());
  print(end);
  return end.violations.empty() ? 0 : 1;
}

/// Says what was broken, and how little it takes.
void explain(const FleetSpec& fleet, std::uint64_t seed) {
  const Desk desk;
  const auto spec = spec_of(fleet, seed);
  const auto end = live(spec, desk.path());
  std::printf("seed %llu, struck %s:\n", static_cast<unsigned long long>(seed), text_of(end.struck).c_str());
  print(end);
  if (end.violations.empty()) return;
  const auto small = shrink(spec, end, desk.path());
  std::printf("shrunk:\n");
  print(live(small, desk.path()));
  std::printf("  tests/sim/run %s\n", replay_of(small).c_str());
}

bool write_json(const std::string& path, const FleetEnd& end) {
  char hash[24];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(end.hash));
  std::ofstream file(path);
  file << nlohmann::json{{"cases", end.cases},   {"bad", end.bad},           {"seconds", end.seconds},
                         {"struck", end.struck}, {"switched", end.switched}, {"calls", end.calls},
                         {"hash", hash},         {"failed", end.failed}}
              .dump()
       << "\n";
  file.flush();
  if (!file) std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

int live_fleet(const Arguments& arguments) {
  const auto end = live_all(arguments.fleet);
  std::printf(
      "%llu lives, %llu bad, %.1f s (%.0f a second); %llu met faults, %llu came through the cutover; hash %016llx\n",
      static_cast<unsigned long long>(end.cases), static_cast<unsigned long long>(end.bad), end.seconds,
      static_cast<double>(end.cases) / end.seconds, static_cast<unsigned long long>(end.struck),
      static_cast<unsigned long long>(end.switched), static_cast<unsigned long long>(end.hash));
  constexpr std::size_t kExplained = 5;
  for (std::size_t i = 0; i < end.failed.size() && i < kExplained; ++i) explain(arguments.fleet, end.failed[i]);
  if (!arguments.json.empty() && !write_json(arguments.json, end)) return 1;
  return end.bad == 0 && end.cases == arguments.fleet.count ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App app("Lives of runs in simulated worlds");
  Arguments arguments;
  auto& fleet = arguments.fleet;
  app.add_option("--seeds", fleet.count, "How many");
  app.add_option("--from", fleet.from, "The first seed");
  app.add_option("--jobs", fleet.jobs, "How many side by side")->check(CLI::Range(1, 256));
  app.add_option("--ppm", arguments.ppm, "Chance of each fault at each call, in a million; otherwise the seed's");
  app.add_option("--json", arguments.json, "Write the figures there");
  app.add_flag("--keep-going", fleet.keep_going, "Live on after the first bad life");
  app.add_option("--with", fleet.with, "Parts of every life's shape: NAME=NUMBER,...");
  auto* one = app.add_option("--replay", arguments.replay, "Live this seed alone, and print its trace");
  app.add_option("--strikes", arguments.strikes, "With --replay: what strikes, instead of chance")->needs(one);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (arguments.ppm >= 0) fleet.with += (fleet.with.empty() ? "ppm=" : ",ppm=") + std::to_string(arguments.ppm);
  if (const auto good = Shape(1).apply(fleet.with); !good) {
    std::fprintf(stderr, "%s\n", good.error().describe().c_str());
    return 2;
  }
  return *one ? replay(arguments) : live_fleet(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
