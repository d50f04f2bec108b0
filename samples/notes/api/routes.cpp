#include "routes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "files.hpp"

namespace notes {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPage = 500;
constexpr std::string_view kNotes = "/notes";

Response error(int status, const std::string& what) { return {status, Json{{"error", what}}.dump() + "\n"}; }

/// The number that a query gives a name, or `otherwise`.
std::uint64_t query_number(std::string_view query, std::string_view name, std::uint64_t otherwise) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    return parse_id(pair.substr(equals + 1)).value_or(otherwise);
  }
  return otherwise;
}

Response list(const Store& store) { return {200, Json{{"notes", store.ids()}}.dump() + "\n"}; }

/// A page of whole notes with ids after a given one.
Response list_full(const Store& store, std::string_view query) {
  const auto limit = std::min<std::uint64_t>(query_number(query, "limit", kPage), kPage);
  const auto ids = store.ids();
  Json page = Json::array();
  std::size_t unreadable = 0;
  auto id = std::upper_bound(ids.begin(), ids.end(), query_number(query, "after", 0));
  std::uint64_t last = 0;
  for (; id != ids.end() && page.size() < limit; ++id) {
    const auto reading = store.read(*id);
    last = *id;
    if (reading.found == Store::Found::yes) page.push_back(Json::parse(reading.json));
    if (reading.found == Store::Found::other_format) ++unreadable;
  }
  return {200,
          Json{{"notes", page}, {"last", last}, {"more", id != ids.end()}, {"unreadable", unreadable}}.dump() + "\n"};
}

Response get_note(const Service& service, const Store& store, std::uint64_t id) {
  const auto reading = store.read(id);
  if (reading.found == Store::Found::yes) return {200, reading.json};
  if (reading.found == Store::Found::no) return error(404, "no such note");
  return error(500, "the note is not in form " + std::to_string(service.format) + ": run notes-migrate");
}

Response put_note(Store& store, const Note& note, int format) {
  switch (store.put(note)) {
    case Store::Put::created:
      return {201, *to_json(note, format)};
    case Store::Put::same:
      return {200, *to_json(note, format)};
    case Store::Put::different:
      return error(409, "there is another note of that number");
    case Store::Put::not_text:
      return error(400, "a note is UTF-8 text");
  }
  return error(500, "unknown outcome");
}

Response health(const Service& service) {
  return {200, Json{{"status", "ok"}, {"level", service.level}}.dump() + "\n"};
}

Response schema(const Service& service) {
  auto bytes = read_file(service.schema_file);
  return bytes ? Response{200, *bytes} : error(404, "no schema installed");
}

Response answer_notes(const Service& service, Store& store, const Request& request, std::string_view query) {
  if (request.method == "GET") return query_number(query, "full", 0) != 0 ? list_full(store, query) : list(store);
  if (request.method != "POST") return error(405, "GET or POST");
  const auto note = store.add(request.body);
  return note ? Response{201, *to_json(*note, service.format)} : error(400, "a note is UTF-8 text");
}

/// A rehearsal of storing a note: what monitors and `warm` hooks ask for.
Response answer_trial(const Store& store, const Request& request) {
  if (request.method != "POST") return error(405, "POST");
  return store.try_adding(request.body) ? Response{200, "{}\n"} : error(400, "a note is UTF-8 text");
}

}  // namespace

Response answer(const Service& service, Store& store, const Request& request) {
  const std::string_view target = request.target;
  const auto path = target.substr(0, target.find('?'));
  const auto query = target.substr(std::min(target.size(), path.size() + 1));
  if (path == "/health") return health(service);
  if (path == "/schema") return schema(service);
  if (path == kNotes) return answer_notes(service, store, request, query);
  if (path == "/notes/trial") return answer_trial(store, request);
  if (!path.starts_with("/notes/")) return error(404, "no such page");
  const auto id = parse_id(path.substr(kNotes.size() + 1));
  if (!id) return error(404, "a note's name is a number");
  if (request.method == "GET") return get_note(service, store, *id);
  if (request.method != "PUT") return error(405, "GET or PUT");
  if (*id >= kFirstGenerated)
    return error(400, "numbers from " + std::to_string(kFirstGenerated) + " on are the service's");
  return put_note(store, {*id, request.body}, service.format);
}

}  // namespace notes
