#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace moult::files {

/// What capture noticed about one set: paths, each with how it must be looked at.
struct Changes {
  enum Flag : std::uint8_t {
    touched = 1,
    deep = 2,     ///< a directory that came, went or moved: look at all below it
    suspect = 4,  ///< its content may differ though its stamp does not: a mapping was closed, or is open
    written = 8,  ///< the same, however it was read: the kernel tells of a write when it ends, and moved the stamp
                  ///< when it began
    held = 16,    ///< open for writing: a write may be under way of which the kernel never tells
    closed = 32,  ///< was open for writing: such a write may have ended since it was read
  };
  std::unordered_map<std::string, std::uint8_t> paths;
  std::string lost;  ///< why events are missing; empty: none are
};

/// Changes not yet taken. Thread-safe: capture's thread adds, rounds take. Memory is bounded: past `limit` paths
/// the list is given up for a scan.
class ChangeLog {
 public:
  explicit ChangeLog(std::size_t limit) : limit_(limit) {}
  void note(const std::string& path, std::uint8_t flags);
  void lose(const std::string& reason);
  [[nodiscard]] Changes take();
  void put_back(Changes changes);
  [[nodiscard]] Changes copy() const;

 private:
  mutable std::mutex mutex_;
  std::size_t limit_;
  Changes changes_;
};

}  // namespace moult::files
