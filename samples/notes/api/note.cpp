#include "note.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

namespace notes {
namespace {

using Json = nlohmann::ordered_json;

std::size_t count_words(const std::string& text) {
  std::istringstream words(text);
  std::size_t count = 0;
  for (std::string word; words >> word;) ++count;
  return count;
}

}  // namespace

std::optional<std::string> to_json(const Note& note, int format) {
  Json json{{"id", note.id}, {"text", note.text}};
  if (format >= 2) {
    json["words"] = count_words(note.text);
    json["format"] = format;
  }
  try {
    return json.dump() + "\n";
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::optional<StoredNote> from_json(std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object() || !json.contains("id") || !json["id"].is_number_unsigned()) return std::nullopt;
  if (!json.contains("text") || !json["text"].is_string()) return std::nullopt;
  StoredNote stored{{json["id"].get<std::uint64_t>(), json["text"].get<std::string>()}, kOldestFormat};
  if (json.contains("format")) {
    if (!json["format"].is_number_integer()) return std::nullopt;
    stored.format = json["format"].get<int>();
  }
  if (stored.format < kOldestFormat || stored.format > kNewestFormat) return std::nullopt;
  return stored;
}

std::optional<std::uint64_t> parse_id(std::string_view digits) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return id;
}

std::optional<std::uint64_t> id_of_file(std::string_view name) {
  constexpr std::string_view kEnding = ".json";
  if (!name.ends_with(kEnding)) return std::nullopt;
  return parse_id(name.substr(0, name.size() - kEnding.size()));
}

std::string file_of(std::uint64_t id) { return std::to_string(id) + ".json"; }

}  // namespace notes
