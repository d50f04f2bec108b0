#include "migration/files_extent.hpp"

#include <fnmatch.h>

#include <optional>

#include "descriptors/base/text.hpp"

namespace moult {
namespace {

/// Does a pattern take the path out of the set? Where a pattern of the set's means less than this takes it to mean, the
/// helper refuses what is left: here a doubt is no blocker.
bool excluded(const DataSpec& data, std::string path) {
  for (; !path.empty(); path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/')))
    for (const auto& pattern : data.exclude) {
      const bool named = pattern.find('/') == std::string::npos;
      const auto subject = named ? path.substr(path.find_last_of('/') + 1) : path;
      const auto plain = pattern.starts_with("/") ? pattern.substr(1) : pattern;
      const int flags = plain.find("**") == std::string::npos ? FNM_PATHNAME : 0;
      const bool below =
          plain.ends_with("/**") && ::fnmatch(plain.substr(0, plain.size() - 3).c_str(), subject.c_str(), flags) == 0;
      if (below || ::fnmatch(plain.c_str(), subject.c_str(), flags) == 0) return true;
    }
  return false;
}

/// All that a set takes in: its directory, and what is mounted in it.
std::vector<Place> places_of(const DataSpec& data, const std::string& real, const MountTable& mounts) {
  std::vector<Place> places;
  if (const auto* holder = mounts.holder_of(real)) places.push_back(place_of(*holder, real));
  for (const auto* mount : mounts_in(data, real, mounts)) places.push_back(place_of(*mount, mount->point));
  return places;
}

/// What two sets both hold.
std::optional<Error> common(const DataSpec& data, const std::vector<Place>& ours, const DataSpec& other,
                            const std::vector<Place>& theirs) {
  for (const auto& our : ours)
    for (const auto& their : theirs)
      if (overlap(our, their))
        return Error{Code::refused,
                     data.root + " overlaps " + other.root + ", the data set " + in_quotes(other.name) + ": on " +
                         our.source + " they hold " + our.path + " and " + their.path,
                     "A path belongs to one set: make them one, or take the link or the mount away."};
  return std::nullopt;
}

/// The machine's other sets that lie in directories; of two that are `files` one tells of both.
std::vector<const DataSpec*> to_compare(const DataQuestion& question) {
  auto others = question.others;
  std::erase_if(others, [&](const DataSpec* other) {
    return other->root.empty() || (other->kind == DataKind::files && other->root > question.data.root);
  });
  return others;
}

}  // namespace

std::vector<const Mount*> mounts_in(const DataSpec& data, const std::string& real, const MountTable& mounts) {
  auto inside = mounts.seen_below(real);
  std::erase_if(inside, [&](const Mount* mount) { return excluded(data, path_in(mount->point, real)); });
  return inside;
}

Result<std::vector<Error>> overlaps_of(const DataQuestion& question, const std::string& real,
                                       const MountTable& mounts) {
  const auto others = to_compare(question);
  if (others.empty()) return std::vector<Error>{};
  std::vector<std::string> roots;
  for (const auto* other : others) roots.push_back(other->root);
  MOULT_ASSIGN(const auto found, real_paths(question.guest, roots));
  const auto ours = places_of(question.data, real, mounts);
  std::vector<Error> problems;
  for (std::size_t i = 0; i < others.size(); ++i)
    if (auto problem = common(question.data, ours, *others[i], places_of(*others[i], found[i], mounts)))
      problems.push_back(std::move(*problem));
  return problems;
}

}  // namespace moult
