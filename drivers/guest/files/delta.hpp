#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "descriptors/base/result.hpp"

namespace moult::files {

/// What librsync gives: a file as its difference from an older version that the other side has. The signature is of the old
/// one, made where it lies; the delta is made where the new one lies, and turns the old into the new where it is applied.
/// Neither is trusted: what comes out is hashed like any content.

/// Receives what comes out, in pieces of any size.
using Pieces = std::function<Result<>(std::span<const std::byte>)>;

/// The block that a file of this size is compared by: small, so that a small change is a small delta, and large enough that
/// the signature stays below 7 MiB.
[[nodiscard]] std::size_t delta_block(std::uint64_t size);

/// Reads a file whole. Memory does not grow with it but for the result: 12 bytes a block.
Result<std::string> signature_of(int fd, std::uint64_t size);

/// Makes a delta of what is fed to it. Errors: invalid for a signature that is none.
class DeltaMaker {
 public:
  static Result<DeltaMaker> make(const std::string& signature);
  DeltaMaker(DeltaMaker&&) noexcept;
  ~DeltaMaker();
  Result<> feed(std::span<const std::byte> bytes, const Pieces& out);
  Result<> finish(const Pieces& out);

 private:
  struct Job;
  explicit DeltaMaker(std::unique_ptr<Job> job);
  std::unique_ptr<Job> job_;
};

/// Makes a file of its old version and of the delta that is fed to it.
class Patcher {
 public:
  /// `old` is read at any place, and must stay open as long as this lives.
  explicit Patcher(int old);
  ~Patcher();
  Patcher(const Patcher&) = delete;
  Patcher& operator=(const Patcher&) = delete;
  Result<> feed(std::span<const std::byte> delta, const Pieces& out);
  /// Errors: invalid when the delta ends early.
  Result<> finish(const Pieces& out);

 private:
  struct Job;
  std::unique_ptr<Job> job_;
};

}  // namespace moult::files
