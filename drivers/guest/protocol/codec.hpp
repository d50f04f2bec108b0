#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult::guest {

using Buffer = std::vector<std::byte>;
using View = std::span<const std::byte>;

[[nodiscard]] inline View view_of(std::string_view text) { return std::as_bytes(std::span(text)); }
[[nodiscard]] inline std::string_view text_of(View bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Fixed little-endian numbers, for headers.
void store32(std::byte* at, std::uint32_t value);
[[nodiscard]] std::uint32_t load32(const std::byte* at);
void store64(std::byte* at, std::uint64_t value);
[[nodiscard]] std::uint64_t load64(const std::byte* at);

/// Appends values in the protocol's binary form: numbers as LEB128, texts with their length before them.
class Writer {
 public:
  Writer& number(std::uint64_t value);
  Writer& flag(bool value) { return number(value ? 1 : 0); }
  Writer& text(std::string_view value);
  Writer& texts(const std::vector<std::string>& values);
  [[nodiscard]] Buffer take() { return std::move(out_); }
  [[nodiscard]] View bytes() const { return out_; }

 private:
  Buffer out_;
};

/// Reads what Writer wrote, from someone who is not trusted. The first value that is not there, too long or out of
/// range makes the reader bad; from then on every value is empty. Nothing is allocated before its bytes are there.
class Reader {
 public:
  explicit Reader(View in) : in_(in) {}
  std::uint64_t number(const char* what, std::uint64_t most = UINT64_MAX);
  bool flag(const char* what) { return number(what, 1) == 1; }
  std::string text(const char* what);
  std::vector<std::string> texts(const char* what);
  /// How many elements follow: never more than there are bytes left.
  std::size_t count(const char* what);
  [[nodiscard]] bool good() const { return bad_ == nullptr; }
  void spoil(const char* what);
  /// Good so far and nothing left over; else an error that names the value. Code::invalid.
  [[nodiscard]] Result<> end();

 private:
  View in_;
  const char* bad_ = nullptr;
};

}  // namespace moult::guest
