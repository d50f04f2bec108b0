#pragma once

#include <string>
#include <string_view>

#include "store.hpp"

namespace notes {

struct Request {
  std::string method;
  std::string target;  ///< path and query
  std::string body;
};

struct Response {
  int status = 200;
  std::string json;
};

/// What the service is: its level is told by /health and decides the form in which it keeps notes.
struct Service {
  std::string level;
  int format;
  std::string schema_file;  ///< served at /schema
};

/// Answers one request. Thread-safe. Throws what the store throws.
[[nodiscard]] Response answer(const Service& service, Store& store, const Request& request);

}  // namespace notes
