#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "record.hpp"

namespace load {

/// A stretch of time, UTC, microseconds since 1970. A request belongs to it when it was under way in it.
struct Window {
  std::int64_t from_us = 0;
  std::int64_t to_us = std::numeric_limits<std::int64_t>::max();
};

struct Figures {
  std::size_t requests = 0;
  std::size_t requests_failed = 0;
  std::size_t writes_acknowledged = 0;
  double seconds = 0;  ///< from the first request's start to the last one's
  double p50_ms = 0, p99_ms = 0, longest_ms = 0;
  std::int64_t longest_at_us = 0;       ///< start of the longest request
  double longest_without_write_ms = 0;  ///< between one acknowledged write's end and the next one's
};

[[nodiscard]] Figures figures_of(const std::vector<Record>& records, const Window& window);

struct Verdict {
  std::size_t checked = 0;  ///< acknowledged notes that were read back
  std::size_t lost = 0;     ///< acknowledged, and not there, or there with another text
  std::size_t doubled = 0;  ///< there more than once, or applied more than once
};

/// A note as the service has it now.
struct Kept {
  std::uint64_t id = 0;
  std::string text;
};

/// Compares what was acknowledged with what the service has.
[[nodiscard]] Verdict judge(const std::vector<Record>& records, const std::vector<Kept>& kept);

/// Reads every note back through the entry; nothing, and a message in `error`, where that fails.
[[nodiscard]] std::optional<std::vector<Kept>> read_back(const std::string& host, int port, std::string& error);

}  // namespace load
