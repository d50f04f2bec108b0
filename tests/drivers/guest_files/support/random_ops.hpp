#pragma once

#include <random>
#include <string>
#include <vector>

namespace moult::test {

/// Random operations on a tree, of every sort that programs do. Names come from a small pool, so that they meet.
/// Replayable from a seed.
class RandomOps {
 public:
  RandomOps(std::string root, std::uint64_t seed) : root_(std::move(root)), random_(seed) {}
  /// One operation; failing ones (a rename into itself, say) count as well. Returns what was tried, for a message.
  std::string step();
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

 private:
  [[nodiscard]] std::string some_path();
  std::string make(const std::string& path);
  std::string write(const std::string& path);
  std::string dress(const std::string& path);
  std::string name(const std::string& path);
  std::string root_;
  std::mt19937_64 random_;
};

}  // namespace moult::test
