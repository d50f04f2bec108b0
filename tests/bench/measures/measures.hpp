#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "descriptors/base/result.hpp"

namespace moult::bench {

/// Each measures once, and returns its figures by name: `_ms`, `_us` and `_bytes` say the unit. Throws where something
/// failed.
nlohmann::json plan(std::size_t components);
nlohmann::json plan_file(const std::string& path);
nlohmann::json executor(std::size_t steps);
nlohmann::json store(const std::string& directory, std::size_t commits, std::size_t group);
nlohmann::json appliances(std::size_t count);

/// Milliseconds that `work` takes.
template <typename Work>
double milliseconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// The value, or its error thrown.
template <typename T>
T good(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().describe());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Throws unless it holds: what was measured did what it should.
inline void must(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace moult::bench
