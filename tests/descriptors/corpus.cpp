#include "corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace moult::tests {
namespace {

Sample read_sample(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  Sample sample{path.string(), path.stem().string(), text.str(), {}, {}};
  const std::string expect = "# expect ";
  for (std::string line; std::getline(text, line);) {
    if (line.rfind(expect, 0) == 0) sample.expected.push_back(line.substr(expect.size()));
    if (line == "# structure" || line == "# meaning" || line == "# syntax") sample.kind = line.substr(2);
  }
  return sample;
}

}  // namespace

std::vector<Sample> samples(const std::string& folder) {
  std::vector<Sample> all;
  for (const auto& entry : std::filesystem::directory_iterator("tests/descriptors/data/" + folder))
    all.push_back(read_sample(entry.path()));
  std::sort(all.begin(), all.end(), [](const Sample& a, const Sample& b) { return a.name < b.name; });
  return all;
}

std::string good_text(const std::string& name) {
  for (const auto& sample : samples("good"))
    if (sample.name == name) return sample.text;
  throw std::runtime_error("no good sample " + name);
}

}  // namespace moult::tests
