#pragma once

namespace moult::files {

/// While one lives, its thread gets the processor and the disk when nobody else wants them. Where the system does not
/// allow it, nothing happens.
class LowPriority {
 public:
  LowPriority();
  ~LowPriority();
  LowPriority(const LowPriority&) = delete;
  LowPriority& operator=(const LowPriority&) = delete;

 private:
  int nice_, io_;
};

}  // namespace moult::files
