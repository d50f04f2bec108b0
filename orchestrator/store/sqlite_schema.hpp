#pragma once

#include <array>
#include <string_view>

namespace moult {

/// The numbered files of schema/, in order. One that was released is never edited: a change is a new file.
extern const std::array<std::string_view, 2> kMigrations;

/// "moul", in the header of every store file.
constexpr int kApplicationId = 0x6d6f756c;

}  // namespace moult
