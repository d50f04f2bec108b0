#include "store.hpp"

#include <algorithm>
#include <random>

#include "files.hpp"

namespace notes {
namespace {

std::uint64_t make_up_id() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  constexpr std::uint64_t kLast = (1ULL << 53) - 1;  // exact in every JSON reader
  return std::uniform_int_distribution<std::uint64_t>{kFirstGenerated, kLast}(random);
}

}  // namespace

Store::Put Store::put(const Note& note) {
  const auto json = to_json(note, format_);
  if (!json) return Put::not_text;
  if (write_atomically(root_ / file_of(note.id), *json, Replace::no) == Written::done) return Put::created;
  const auto there = read(note.id);
  return there.found == Found::yes && there.note.text == note.text ? Put::same : Put::different;
}

std::optional<Note> Store::add(const std::string& text) {
  for (;;) {
    Note note{make_up_id(), text};
    const auto json = to_json(note, format_);
    if (!json) return std::nullopt;
    if (write_atomically(root_ / file_of(note.id), *json, Replace::no) == Written::done) return note;
  }
}

bool Store::try_adding(const std::string& text) const {
  const auto json = to_json({make_up_id(), text}, format_);
  if (json) try_writing(root_, *json);
  return json.has_value();
}

Store::Reading Store::read(std::uint64_t id) const {
  auto bytes = read_file(root_ / file_of(id));
  if (!bytes) return {};
  auto stored = from_json(*bytes);
  if (!stored || stored->format != format_) return {Found::other_format, {}, {}};
  return {Found::yes, std::move(*bytes), std::move(stored->note)};
}

std::vector<std::uint64_t> Store::ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& entry : std::filesystem::directory_iterator(root_)) {
    if (const auto id = id_of_file(entry.path().filename().string())) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace notes
