#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace notes {

/// One note. Ids below kFirstGenerated are the client's to choose; the service makes up the others.
struct Note {
  std::uint64_t id = 0;
  std::string text;  ///< valid UTF-8
};

inline constexpr std::uint64_t kFirstGenerated = 1'000'000'000;

/// Forms that a stored note can have: form 1 is {"id","text"}, form 2 adds "words" and "format".
inline constexpr int kOldestFormat = 1;
inline constexpr int kNewestFormat = 2;

struct StoredNote {
  Note note;
  int format = kOldestFormat;
};

/// The bytes of a note in one form. The same note and form always give the same bytes, so that converting there and
/// back gives what there was. Nothing where the text is not UTF-8.
[[nodiscard]] std::optional<std::string> to_json(const Note& note, int format);

/// Nothing where the bytes are no note in a known form.
[[nodiscard]] std::optional<StoredNote> from_json(std::string_view bytes);

/// The id that a note's file name carries ("17.json"); nothing for other names.
[[nodiscard]] std::optional<std::uint64_t> id_of_file(std::string_view name);
[[nodiscard]] std::optional<std::uint64_t> parse_id(std::string_view digits);
[[nodiscard]] std::string file_of(std::uint64_t id);

}  // namespace notes
