#pragma once

#include <blake3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace moult::files {

using Hash = std::array<unsigned char, 32>;  ///< BLAKE3

/// BLAKE3 of what comes piece by piece; quickest by pieces of 16 KiB and more (four times BLAKE2b's rate with AVX2).
class Hasher {
 public:
  Hasher() { ::blake3_hasher_init(&state_); }
  void update(std::string_view bytes) { ::blake3_hasher_update(&state_, bytes.data(), bytes.size()); }
  /// Of all that came; more may come after it.
  [[nodiscard]] Hash hash() const;

 private:
  ::blake3_hasher state_;
};

[[nodiscard]] Hash hash_of(std::string_view bytes);
[[nodiscard]] std::string hex_of(std::span<const unsigned char> bytes);

/// Hash of a file's content. Blocks of 4 KiB that hold only zeros count as if they were holes, so that the hash depends
/// on what a reader sees and not on how the file lies on its disk.
class ContentHash {
 public:
  static constexpr std::uint64_t kBlock = 4096;
  /// Bytes at an offset that is a multiple of kBlock; offsets rise. Only the file's last piece may end off a block.
  void update(std::uint64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] Hash finish(std::uint64_t size);

 private:
  void add(std::uint64_t offset, std::span<const std::byte> bytes);
  void end_run();
  Hasher hasher_;
  std::uint64_t run_start_ = 0, run_end_ = 0;
};

/// Hash of a set of (path, hash) pairs that is changed pair by pair: LtHash, 1,024 lanes of 16 bits, each pair spread
/// over the lanes by ChaCha20 under the pair's hash. Its cost is what changed, never how much there is. Value type.
class SetDigest {
 public:
  void add(std::string_view path, const Hash& hash) { combine(path, hash, false); }
  /// The pair must have been added before.
  void remove(std::string_view path, const Hash& hash) { combine(path, hash, true); }
  [[nodiscard]] std::string hex() const;

 private:
  void combine(std::string_view path, const Hash& hash, bool subtract);
  std::array<std::uint16_t, 1024> lanes_{};
};

}  // namespace moult::files
