#pragma once

#include <algorithm>
#include <functional>
#include <string>

#include "catch.hpp"
#include "drivers/guest_access.hpp"

namespace moult::contract {

/// Lets time pass: a sleep, or a step of a simulated clock.
using Wait = std::function<void(Millis)>;

/// `REQUIRE_GOOD(session->thaw())` shows the error where it is not good.
#define REQUIRE_GOOD(expr)                                                   \
  do {                                                                       \
    const auto moult_good_ = (expr);                                         \
    if (!moult_good_) FAIL(#expr << ": " << moult_good_.error().describe()); \
  } while (false)

/// The value of a Result; the test ends with the error's text where there is none.
template <typename T>
[[nodiscard]] T value_of(Result<T> result) {
  if (!result) FAIL(result.error().describe());
  return std::move(*result);
}

/// The code of a failing Result; the test ends where it did not fail.
template <typename T>
[[nodiscard]] Code code_of(const Result<T>& result) {
  if (result) FAIL("this should have failed");
  return result.error().code;
}

[[nodiscard]] inline ByteSource source_of(std::string text) {
  return [text = std::move(text), at = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const auto size = std::min(into.size(), text.size() - at);
    std::transform(text.begin() + static_cast<std::ptrdiff_t>(at),
                   text.begin() + static_cast<std::ptrdiff_t>(at + size), into.begin(),
                   [](char c) { return static_cast<std::byte>(c); });
    at += size;
    return size;
  };
}

[[nodiscard]] inline ByteSink sink_into(std::string& text) {
  return [&text](Bytes bytes) -> Result<> {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
}

inline void put_text(GuestAccess& guest, const std::string& path, const std::string& text, std::uint32_t mode = 0644) {
  INFO("put " << path);
  REQUIRE_GOOD(guest.put(path, mode, source_of(text)));
}

/// A file's content; "<none>" where there is no file.
[[nodiscard]] inline std::string get_text(GuestAccess& guest, const std::string& path) {
  std::string text;
  const auto got = guest.get(path, sink_into(text));
  if (!got && got.error().code == Code::not_found) return "<none>";
  if (!got) FAIL("get " << path << ": " << got.error().describe());
  return text;
}

/// Runs a command that must end well.
inline void must_run(GuestAccess& guest, std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  const auto outcome = value_of(guest.run(command));
  INFO(command.argv.front() << ": " << outcome.err);
  REQUIRE(outcome.good());
}

}  // namespace moult::contract
