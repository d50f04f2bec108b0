#include "drivers/guest/files/changes.hpp"

#include <utility>

namespace moult::files {

void ChangeLog::note(const std::string& path, std::uint8_t flags) {
  const std::lock_guard lock(mutex_);
  if (!changes_.lost.empty()) return;
  changes_.paths[path] |= flags;
  if (changes_.paths.size() <= limit_) return;
  changes_ = Changes{};
  changes_.lost = "more than " + std::to_string(limit_) + " paths changed since the last round";
}

void ChangeLog::lose(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  changes_.paths.clear();
  changes_.lost = reason;
}

Changes ChangeLog::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(changes_, {});
}

void ChangeLog::put_back(Changes changes) {
  const std::lock_guard lock(mutex_);
  if (!changes_.lost.empty()) return;
  if (!changes.lost.empty()) {
    changes_ = Changes{};
    changes_.lost = std::move(changes.lost);
    return;
  }
  for (const auto& [path, flags] : changes.paths) changes_.paths[path] |= flags;
}

Changes ChangeLog::copy() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

}  // namespace moult::files
