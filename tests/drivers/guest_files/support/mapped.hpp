#pragma once

#include <string>

namespace moult::test {

/// A file's first page, mapped for writing and written to once: on a tmpfs no further write to it leaves a trace.
class Mapped {
 public:
  explicit Mapped(const std::string& path);
  ~Mapped();
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  volatile char* at;
};

}  // namespace moult::test
