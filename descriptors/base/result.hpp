#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "descriptors/base/error.hpp"

namespace moult {

/// A value or the Error that took its place. Crosses every folder; exceptions do not.
template <typename T = void>
using Result = tl::expected<T, Error>;

using Unexpected = tl::unexpected<Error>;

/// Builds the failing side of a Result: `return fail(Code::timeout, "...", "...");`.
[[nodiscard]] inline Unexpected fail(Code code, std::string message, std::string remedy = {}) {
  return Unexpected(Error{code, std::move(message), std::move(remedy), {}, Disposition::fail});
}

/// Passes a failure on, with one more link of context.
template <typename T>
[[nodiscard]] Unexpected pass(Result<T>&& result, std::string link = {}) {
  Error error = std::move(result).error();
  if (!link.empty()) error.within(std::move(link));
  return Unexpected(std::move(error));
}

}  // namespace moult

/// Evaluates a Result<void>; returns its error, if any, from the enclosing function.
#define MOULT_TRY(expr)                                                 \
  do {                                                                  \
    if (auto moult_try_result_ = (expr); !moult_try_result_)            \
      return ::moult::Unexpected(std::move(moult_try_result_).error()); \
  } while (false)

#define MOULT_CONCAT_INNER(a, b) a##b
#define MOULT_CONCAT(a, b) MOULT_CONCAT_INNER(a, b)

/// `MOULT_ASSIGN(auto level, detect(...));` declares level, or returns the error.
#define MOULT_ASSIGN(declaration, expr)                                                   \
  auto MOULT_CONCAT(moult_result_, __LINE__) = (expr);                                    \
  if (!MOULT_CONCAT(moult_result_, __LINE__))                                             \
    return ::moult::Unexpected(std::move(MOULT_CONCAT(moult_result_, __LINE__)).error()); \
  declaration = std::move(*MOULT_CONCAT(moult_result_, __LINE__))  // NOLINT(bugprone-macro-parentheses): it declares
