#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "note.hpp"

namespace notes {

/// Notes as files "<id>.json" of one directory. Holds nothing in memory: what the directory has is what is served.
/// Thread-safe. Every function throws std::system_error where the directory fails.
class Store {
 public:
  Store(std::filesystem::path root, int format) : root_(std::move(root)), format_(format) {}

  enum class Put { created, same, different, not_text };
  /// Stores a note under its id once: the same again is `same`, another text is refused as `different`.
  Put put(const Note& note);
  /// Stores a note under an id of the store's choice; nothing where the text is not UTF-8.
  [[nodiscard]] std::optional<Note> add(const std::string& text);

  /// Does all that storing a note takes, and leaves none. False where the text is not UTF-8.
  [[nodiscard]] bool try_adding(const std::string& text) const;

  enum class Found { yes, no, other_format };
  struct Reading {
    Found found = Found::no;
    std::string json;  ///< as stored
    Note note;
  };
  [[nodiscard]] Reading read(std::uint64_t id) const;

  /// Ids in ascending order.
  [[nodiscard]] std::vector<std::uint64_t> ids() const;

 private:
  std::filesystem::path root_;
  int format_;
};

}  // namespace notes
