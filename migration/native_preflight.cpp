#include "migration/native_preflight.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "migration/files_preflight.hpp"
#include "migration/mount_table.hpp"
#include "migration/postgresql/problems.hpp"

namespace moult {
namespace {

using postgresql::Psql;

constexpr Millis kAsk{60'000};

/// Where the cluster's files are: its directory, its log, its table spaces.
constexpr const char* kPlaces =
    "SELECT current_setting('data_directory') UNION SELECT current_setting('data_directory') || '/pg_wal' UNION "
    "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> '' ORDER BY 1";

/// A place of the cluster's files: as it is called, and as it really is.
struct Placed {
  std::string name, device;
};

Result<std::vector<Placed>> placed(GuestAccess& guest, const MountTable& mounts,
                                   const std::vector<std::string>& places) {
  MOULT_ASSIGN(const auto real, real_paths(guest, places));
  std::vector<Placed> found;
  for (std::size_t i = 0; i < places.size(); ++i)
    if (const auto* holder = mounts.holder_of(real[i])) found.push_back({places[i], holder->device});
  return found;
}

/// A set's fence freezes the file system of its directory, and all that are mounted inside, excluded or not.
std::optional<Error> frozen_with(const DataSpec& other, const std::string& real, const MountTable& mounts,
                                 const Placed& place) {
  const auto set = other.root + ", the data set " + other.name + ", which the cutover freezes or takes away";
  const auto ours = "the cluster's " + place.name + " lies on ";
  const auto* holder = mounts.holder_of(real);
  if (holder != nullptr && holder->device == place.device)
    return Error{Code::refused, ours + "the same file system as " + set,
                 "Keep the cluster on a file system of its own, or the other data on another one."};
  if (const auto* inside = mounts.of_device_in(place.device, real))
    return Error{Code::refused,
                 ours + "the file system (" + inside->source + ") that is mounted at " + inside->point + ", inside " +
                     set + " with all that is mounted in it, excluded or not",
                 "Mount the cluster's file system outside of " + other.root +
                     ", or name directories beside it, each as a set of its own."};
  return std::nullopt;
}

/// PostgreSQL goes on working under the fence: the sender of changes writes down how far it came. So nothing may freeze
/// its file systems, nor take them away. One place for each of the other sets is enough to be told.
Result<> ask_neighbours(const DataQuestion& question, const std::vector<std::string>& places,
                        std::vector<Error>& problems) {
  auto others = question.others;
  std::erase_if(others, [](const DataSpec* other) { return other->root.empty(); });
  std::vector<std::string> roots;
  for (const auto* other : others) roots.push_back(other->root);
  MOULT_ASSIGN(const auto mounts, MountTable::of(question.guest));
  MOULT_ASSIGN(const auto ours, placed(question.guest, mounts, places));
  MOULT_ASSIGN(const auto real, real_paths(question.guest, roots));
  for (std::size_t i = 0; i < others.size(); ++i)
    for (const auto& place : ours)
      if (auto problem = frozen_with(*others[i], real[i], mounts, place)) {
        problems.push_back(std::move(*problem));
        break;
      }
  return {};
}

/// The clone begins with what its own disks hold of the cluster.
Result<> ask_disks(const DataQuestion& question, const std::vector<std::string>& places, std::vector<Error>& problems) {
  for (const auto& place : places) {
    DataSpec directory;
    directory.root = place;
    MOULT_ASSIGN(auto found, files_problems({directory, question.machine, question.guest}));
    problems.insert(problems.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  return {};
}

}  // namespace

Result<std::vector<Error>> native_problems(const DataQuestion& question) {
  const auto& data = question.data.postgresql;
  const Psql psql(question.guest, data);
  auto asked = psql.rows("postgres", kPlaces, kAsk);
  if (!asked) {
    asked.error().remedy =
        "Start PostgreSQL, or correct `port` and `user` in the maintenance descriptor: the guest's user of that name "
        "must reach the cluster as its superuser by `psql`, without a password.";
    return pass(std::move(asked));
  }
  std::vector<std::string> places;
  for (const auto& row : *asked) places.push_back(row.front());
  MOULT_ASSIGN(auto problems, postgresql::problems_beyond_a_peak(psql, data));
  MOULT_TRY(ask_disks(question, places, problems));
  MOULT_TRY(ask_neighbours(question, places, problems));
  return problems;
}

}  // namespace moult
