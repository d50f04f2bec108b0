// moult_bench plan N | plan-file FILE | executor N | store DIRECTORY COMMITS GROUP | appliances N
// Measures once and prints the figures as JSON. tests/bench/rows calls it, a process for each round.
#include <cstdio>
#include <functional>
#include <map>

#include "tests/bench/measures/measures.hpp"

using namespace moult::bench;

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  struct Measure {
    std::size_t words;
    std::function<nlohmann::json()> take;
  };
  const std::map<std::string, Measure> measures{
      {"plan", {2, [&] { return plan(std::stoul(words[1])); }}},
      {"plan-file", {2, [&] { return plan_file(words[1]); }}},
      {"executor", {2, [&] { return executor(std::stoul(words[1])); }}},
      {"store", {4, [&] { return store(words[1], std::stoul(words[2]), std::stoul(words[3])); }}},
      {"appliances", {2, [&] { return appliances(std::stoul(words[1])); }}},
  };
  const auto chosen = words.empty() ? measures.end() : measures.find(words[0]);
  if (chosen == measures.end() || chosen->second.words != words.size()) {
    std::fputs(
        "usage: moult_bench plan N | plan-file FILE | executor N | store DIRECTORY COMMITS GROUP | appliances N\n",
        stderr);
    return 2;
  }
  try {
    std::printf("%s\n", chosen->second.take().dump().c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "moult_bench: %s\n", error.what());
    return 1;
  }
}
