#include "drivers/guest/files/hashes.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

bool all_zero(std::span<const std::byte> bytes) {
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

Hash Hasher::hash() const {
  Hash hash;
  ::blake3_hasher_finalize(&state_, hash.data(), hash.size());
  return hash;
}

Hash hash_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.hash();
}

std::string hex_of(std::span<const unsigned char> bytes) {
  std::string hex(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  hex.pop_back();
  return hex;
}

void ContentHash::update(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t start = 0, at = 0;  // [start, at) is not yet hashed and free of zero blocks
  while (at < bytes.size()) {
    const auto block = bytes.subspan(at, std::min<std::size_t>(kBlock, bytes.size() - at));
    const bool zero = all_zero(block);
    if (zero) add(offset + start, bytes.subspan(start, at - start));
    at += block.size();
    if (zero) start = at;
  }
  add(offset + start, bytes.subspan(start, at - start));
}

void ContentHash::add(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (offset != run_end_) {
    end_run();
    run_start_ = offset;
  }
  hasher_.update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  run_end_ = offset + bytes.size();
}

/// Each run of data is followed by where it lay. Read from its end, what is hashed can be taken apart in one way only.
void ContentHash::end_run() {
  if (run_end_ == run_start_) return;
  std::string trailer;
  WireWriter writer(trailer);
  writer.number(run_start_);
  writer.number(run_end_ - run_start_);
  hasher_.update(trailer);
}

Hash ContentHash::finish(std::uint64_t size) {
  end_run();
  std::string trailer;
  WireWriter(trailer).number(size);
  hasher_.update(trailer);
  return hasher_.hash();
}

void SetDigest::combine(std::string_view path, const Hash& hash, bool subtract) {
  std::string pair(path);
  WireWriter(pair).raw(std::span(hash));
  const Hash key = hash_of(pair);
  static const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {};
  std::array<unsigned char, 2048> spread;
  crypto_stream_chacha20(spread.data(), spread.size(), nonce, key.data());
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto lane = static_cast<std::uint16_t>(spread[2 * i] | spread[2 * i + 1] << 8);
    lanes_[i] = static_cast<std::uint16_t>(subtract ? lanes_[i] - lane : lanes_[i] + lane);
  }
}

std::string SetDigest::hex() const {
  std::string bytes;
  WireWriter writer(bytes);
  for (const auto lane : lanes_) writer.number(lane);
  return hex_of(hash_of(bytes));
}

}  // namespace moult::files
