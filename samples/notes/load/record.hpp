#pragma once

#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace load {

/// put: a note under a number of ours; post: the same text, number chosen by the service; get: a note that was
/// acknowledged before; page: the user interface.
enum class Kind { put, post, get, page };

/// One request, as the client saw it.
struct Record {
  std::int64_t start_us = 0;  ///< UTC, microseconds since 1970
  std::int64_t latency_us = 0;
  Kind kind = Kind::get;
  std::uint64_t number = 0;  ///< of the note; 0 for pages
  int status = 0;            ///< HTTP status; 0: no answer
};

[[nodiscard]] bool failed(const Record& record);
/// The service promised to keep the note.
[[nodiscard]] bool acknowledged(const Record& record);

/// The text that note `number` has: whoever knows the number knows the text.
[[nodiscard]] std::string text_of(std::uint64_t number);
/// The number of a note by its text; nothing for notes that the load did not write.
[[nodiscard]] std::optional<std::uint64_t> number_of(const std::string& text);

/// Appends requests to a file, a line each, written at once: what a killed client knew is there. Thread-safe.
class Log {
 public:
  explicit Log(const std::string& path);
  void add(const Record& record);
  [[nodiscard]] bool good() const { return out_.good(); }

 private:
  std::mutex mutex_;
  std::ofstream out_;
};

/// Every whole line of a log; nothing where it cannot be read.
[[nodiscard]] std::optional<std::vector<Record>> read_log(const std::string& path);

}  // namespace load
