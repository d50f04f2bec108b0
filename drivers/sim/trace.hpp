#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/sim/tree.hpp"

namespace moult::sim {

/// What happened, in order. The hash is always kept; the text only when asked for, because it costs far more.
class Trace {
 public:
  explicit Trace(bool keep) : keep_(keep) {}
  void add(Time at, std::string_view what, std::int64_t first = 0, std::int64_t second = 0) {
    mix(static_cast<std::uint64_t>(at));
    for (const char c : what) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    mix(static_cast<std::uint64_t>(first));
    mix(static_cast<std::uint64_t>(second));
    ++events_;
    if (keep_) lines_.push_back({at, std::string(what), first, second});
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  /// The last `most` events, one line each: "  1.234567 effect snapshot 0 0".
  [[nodiscard]] std::string text(std::size_t most = 200) const;

 private:
  struct Line {
    Time at;
    std::string what;
    std::int64_t first, second;
  };
  void mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0xff51afd7ed558ccdULL;
    hash_ ^= hash_ >> 32U;
  }
  bool keep_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL, events_ = 0;
  std::vector<Line> lines_;
};

/// A promise that was broken.
struct Violation {
  Time at = 0;
  std::string invariant;  ///< "I1"
  std::string text;
};

}  // namespace moult::sim
