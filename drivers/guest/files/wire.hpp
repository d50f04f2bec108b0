#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace moult::files {

/// Appends little-endian numbers and length-prefixed bytes to a string.
class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}
  template <typename Number>
  void number(Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      out_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  void raw(std::span<const unsigned char> bytes) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void text(std::string_view bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }

 private:
  std::string& out_;
};

/// Reads what WireWriter wrote. After the first read past the end, or past a bound, `good()` is false and every value
/// is empty. The views that it gives live as long as the input.
class WireReader {
 public:
  explicit WireReader(std::string_view in) : in_(in) {}
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && in_.empty(); }
  template <typename Number>
  Number number() {
    const auto bytes = raw(sizeof(Number));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return static_cast<Number>(value);
  }
  std::string_view raw(std::size_t size) {
    good_ = good_ && size <= in_.size();
    if (!good_) return {};
    const auto bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  std::string_view text(std::size_t limit) {
    const auto size = number<std::uint32_t>();
    good_ = good_ && size <= limit;
    return raw(good_ ? size : 0);
  }
  void raw_into(std::span<unsigned char> out) {
    const auto bytes = raw(out.size());
    if (good_) std::memcpy(out.data(), bytes.data(), bytes.size());
  }
  std::string_view rest() { return raw(in_.size()); }

 private:
  std::string_view in_;
  bool good_ = true;
};

}  // namespace moult::files
