#include "drivers/guest/files/patched_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "drivers/guest/files/extents.hpp"

namespace moult::files {
namespace {

constexpr std::size_t kBuffer = 128U << 10;  // a multiple of what content is hashed by

bool all_zero(std::span<const std::byte> bytes) {
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

PatchedFile::PatchedFile(Fd old, const Stamp& stamp, int fresh, std::uint64_t limit)
    : old_(std::move(old)),
      stamp_(stamp),
      fresh_(fresh),
      limit_(limit),
      patcher_(old_.get()),
      pieces_([this](std::span<const std::byte> bytes) { return take(bytes); }),
      buffer_(kBuffer) {}

Result<> PatchedFile::feed(std::span<const std::byte> delta) { return patcher_.feed(delta, pieces_); }

Result<> PatchedFile::finish() {
  MOULT_TRY(patcher_.finish(pieces_));
  return flush();
}

bool PatchedFile::moved() const {
  struct stat st {};
  return ::fstat(old_.get(), &st) != 0 || stamp_of(st) != stamp_;
}

Result<> PatchedFile::take(std::span<const std::byte> bytes) {
  if (bytes.size() > limit_ - at_ - used_)
    return fail(Code::invalid, "the delta of a large file makes more than its size", "send the round again");
  while (!bytes.empty()) {
    const auto part = std::min(bytes.size(), buffer_.size() - used_);
    std::copy_n(bytes.begin(), part, buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += part;
    bytes = bytes.subspan(part);
    if (used_ == buffer_.size()) MOULT_TRY(flush());
  }
  return {};
}

Result<> PatchedFile::flush() {
  const auto whole = std::span<const std::byte>(buffer_).first(used_);
  content_.update(at_, whole);
  for (std::size_t start = 0, end = 0; start < whole.size(); start = end) {
    const auto block = [&](std::size_t from) {
      return whole.subspan(from, std::min<std::size_t>(ContentHash::kBlock, whole.size() - from));
    };
    const bool zero = all_zero(block(start));
    end = start;
    while (end < whole.size() && all_zero(block(end)) == zero) end += block(end).size();
    if (!zero) MOULT_TRY(write_at(fresh_, at_ + start, whole.subspan(start, end - start)));
  }
  at_ += whole.size();
  used_ = 0;
  return {};
}

}  // namespace moult::files
