#include "descriptors/base/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace moult {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int exit_code;
};

// docs/exit-codes.md shows this table; a test compares the two. Names and numbers are frozen.
constexpr std::array kCodes{
    CodeRow{Code::internal, "internal", 70},
    CodeRow{Code::usage, "usage", 2},
    CodeRow{Code::invalid, "invalid", 3},
    CodeRow{Code::not_found, "not_found", 4},
    CodeRow{Code::refused, "refused", 5},
    CodeRow{Code::moved, "moved", 6},
    CodeRow{Code::unreachable, "unreachable", 7},
    CodeRow{Code::timeout, "timeout", 8},
    CodeRow{Code::no_space, "no_space", 9},
    CodeRow{Code::busy, "busy", 10},
    CodeRow{Code::conflict, "conflict", 11},
    CodeRow{Code::mismatch, "mismatch", 12},
    CodeRow{Code::failed, "failed", 13},
    CodeRow{Code::io, "io", 14},
    CodeRow{Code::interrupted, "interrupted", 130},
};

}  // namespace

std::string Error::describe() const {
  std::string text;
  for (auto link = context.rbegin(); link != context.rend(); ++link)
    if (std::find(context.rbegin(), link, *link) == link) text += *link + ": ";  // said further out: not again
  return text + message;
}

std::string_view name_of(Code code) {
  for (const auto& row : kCodes)
    if (row.code == code) return row.name;
  return "internal";
}

std::optional<Code> code_of(std::string_view name) {
  const auto row =
      std::find_if(kCodes.begin(), kCodes.end(), [name](const CodeRow& known) { return known.name == name; });
  if (row == kCodes.end()) return std::nullopt;
  return row->code;
}

int exit_code_of(Code code) {
  for (const auto& row : kCodes)
    if (row.code == code) return row.exit_code;
  return 70;
}

}  // namespace moult
