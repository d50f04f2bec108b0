#include "drivers/guest/protocol/codec.hpp"

namespace moult::guest {

namespace {
constexpr std::size_t kMaxElements = 1U << 20;
}  // namespace

void store32(std::byte* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

std::uint32_t load32(const std::byte* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(at[i]) << (8 * i);
  return value;
}

void store64(std::byte* at, std::uint64_t value) {
  store32(at, static_cast<std::uint32_t>(value));
  store32(at + 4, static_cast<std::uint32_t>(value >> 32));
}

std::uint64_t load64(const std::byte* at) { return load32(at) | (std::uint64_t{load32(at + 4)} << 32); }

Writer& Writer::number(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<std::byte>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<std::byte>(value));
  return *this;
}

Writer& Writer::text(std::string_view value) {
  number(value.size());
  const auto bytes = view_of(value);
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

Writer& Writer::texts(const std::vector<std::string>& values) {
  number(values.size());
  for (const auto& value : values) text(value);
  return *this;
}

void Reader::spoil(const char* what) {
  if (bad_ == nullptr) bad_ = what;
  in_ = {};
}

std::uint64_t Reader::number(const char* what, std::uint64_t most) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in_.empty()) return spoil(what), 0;
    const auto byte = std::to_integer<std::uint64_t>(in_.front());
    in_ = in_.subspan(1);
    if (shift == 63 && byte > 1) return spoil(what), 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value <= most ? value : (spoil(what), 0);
  }
  return spoil(what), 0;
}

std::size_t Reader::count(const char* what) {
  const auto value = number(what);
  return value <= in_.size() ? static_cast<std::size_t>(value) : (spoil(what), 0);
}

std::string Reader::text(const char* what) {
  const auto size = count(what);
  std::string value(text_of(in_.first(size)));
  in_ = in_.subspan(size);
  return value;
}

std::vector<std::string> Reader::texts(const char* what) {
  std::vector<std::string> values;
  // A text takes more memory than its bytes on the wire, so the bound on the message is not enough.
  auto left = count(what);
  if (left > kMaxElements) spoil(what);
  for (; left > 0 && good(); --left) values.push_back(text(what));
  return values;
}

Result<> Reader::end() {
  if (bad_ == nullptr && !in_.empty()) bad_ = "the end (bytes are left over)";
  if (bad_ != nullptr) return fail(Code::invalid, std::string("malformed message at ") + bad_);
  return {};
}

}  // namespace moult::guest
