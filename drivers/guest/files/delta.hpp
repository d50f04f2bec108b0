#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "descriptors/base/result.hpp"

namespace moult::files {

/// What librsync gives: a file as its difference from an older version that the other side has. The signature is of the
/// old one, made where it lies; the delta is made where the new one lies, and turns the old into the new where it is
/// applied. Neither is trusted: what comes out is hashed like any content.

/// Receives what comes out, in pieces of any size.
using Pieces = std::function<Result<>(std::span<const std::byte>)>;

/// Is it a file whose signature is worth having? Not an empty one, not one that is holes for the most part, which
/// travel for nothing and would all be read, and none of more than 2 TiB.
[[nodiscard]] bool worth_a_signature(const struct stat& st);
/// How long the signature of a file of this size is: at most 6 MiB.
[[nodiscard]] std::size_t signature_size(std::uint64_t size);
/// Reads a file up to its size. Memory does not grow with it but for the result.
Result<std::string> signature_of(int fd, std::uint64_t size);

/// Processor time that a delta may take.
struct Patience {
  double seconds = 5;       ///< of any file
  double bytes = 2U << 20;  ///< of the file, for each further second
};

/// Makes a delta of what is fed to it. Memory: four times the signature, and some of the signature's blocks. Time: a
/// signature made for it lets each byte cost the hash of a block, so it gives up where that takes too long.
class DeltaMaker {
 public:
  /// `size`: of the file that will be fed, about. Errors: invalid for anything but what signature_of gives, and for
  /// blocks that are not worth it beside that size.
  static Result<DeltaMaker> make(const std::string& signature, std::uint64_t size, Patience patience = {});
  DeltaMaker(DeltaMaker&&) noexcept;
  ~DeltaMaker();
  /// Where it has given up it does nothing: the delta will make another file, and is found out by its hash.
  Result<> feed(std::span<const std::byte> bytes, const Pieces& out);
  Result<> finish(const Pieces& out);

 private:
  struct Work;
  explicit DeltaMaker(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

/// Makes a file of its old version and of the delta that is fed to it.
class Patcher {
 public:
  /// `old` is read at any place, and must stay open as long as this lives.
  explicit Patcher(int old);
  ~Patcher();
  Patcher(const Patcher&) = delete;
  Patcher& operator=(const Patcher&) = delete;
  /// Errors: invalid for what is no delta of the old version.
  Result<> feed(std::span<const std::byte> delta, const Pieces& out);
  /// Errors: invalid when the delta ends early.
  Result<> finish(const Pieces& out);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace moult::files
