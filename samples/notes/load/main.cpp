// notes-load: the sample's clients. `run` writes numbered notes and reads them, logging every request; `report` tells
// from the log, and on request from the service, what came of it.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "record.hpp"
#include "report.hpp"
#include "run.hpp"

namespace {

std::atomic<bool> stop{false};

using Options = std::map<std::string, std::string>;

int usage() {
  std::fprintf(
      stderr,
      "usage: notes-load run --log FILE [--host IP] [--port N] [--rate PER_SECOND] [--workers N] [--seconds N]\n"
      "                      [--timeout SECONDS]                   until a signal, or for --seconds\n"
      "       notes-load report --log FILE [--from US] [--to US]   figures of the requests of a window\n"
      "                      [--verify yes] [--host IP] [--port N] and of reading every note back\n");
  return 2;
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 == argc || !options.contains(argv[i])) return false;
    options[argv[i]] = argv[i + 1];
  }
  return !options["--log"].empty();
}

int run_load(const Options& options) {
  load::Plan plan;
  plan.host = options.at("--host");
  plan.port = std::stoi(options.at("--port"));
  plan.rate = std::stod(options.at("--rate"));
  plan.workers = std::stoi(options.at("--workers"));
  plan.longest = std::chrono::seconds{std::stoi(options.at("--seconds"))};
  plan.timeout = std::chrono::seconds{std::stoi(options.at("--timeout"))};
  if (plan.workers < 1 || plan.rate <= 0) return usage();
  load::Log log(options.at("--log"));
  std::signal(SIGINT, [](int) { stop = true; });
  std::signal(SIGTERM, [](int) { stop = true; });
  load::run(plan, log, stop);
  return log.good() ? 0 : 1;
}

int report(const Options& options) {
  const auto records = load::read_log(options.at("--log"));
  if (!records) {
    std::fprintf(stderr, "notes-load: no log %s\n", options.at("--log").c_str());
    return 1;
  }
  const load::Window window{std::stoll(options.at("--from")), std::stoll(options.at("--to"))};
  const auto figures = load::figures_of(*records, window);
  nlohmann::ordered_json out{{"requests", figures.requests},
                             {"requests_failed", figures.requests_failed},
                             {"writes_acknowledged", figures.writes_acknowledged},
                             {"seconds", figures.seconds},
                             {"p50_ms", figures.p50_ms},
                             {"p99_ms", figures.p99_ms},
                             {"longest_ms", figures.longest_ms},
                             {"longest_at_us", figures.longest_at_us},
                             {"longest_without_write_ms", figures.longest_without_write_ms}};
  if (options.at("--verify") == "yes") {
    std::string error;
    const auto kept = load::read_back(options.at("--host"), std::stoi(options.at("--port")), error);
    if (!kept) {
      std::fprintf(stderr, "notes-load: %s\n", error.c_str());
      return 1;
    }
    const auto verdict = load::judge(*records, *kept);
    out["acknowledged_checked"] = verdict.checked;
    out["acknowledged_lost"] = verdict.lost;
    out["doubled"] = verdict.doubled;
  }
  std::cout << out.dump(2) << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options{{"--log", ""},       {"--host", "10.77.0.1"}, {"--port", "8080"},
                  {"--rate", "70"},    {"--workers", "8"},      {"--seconds", "900"},
                  {"--timeout", "10"}, {"--from", "0"},         {"--to", "9223372036854775807"},
                  {"--verify", "no"}};
  const std::string command = argc > 1 ? argv[1] : "";
  if ((command != "run" && command != "report") || !read_options(argc, argv, options)) return usage();
  try {
    return command == "run" ? run_load(options) : report(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "notes-load: %s\n", failure.what());
    return usage();
  }
}
