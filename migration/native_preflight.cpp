#include "migration/native_preflight.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>

#include "migration/files_preflight.hpp"
#include "migration/postgresql/problems.hpp"

namespace moult {
namespace {

using postgresql::Psql;

constexpr Millis kAsk{60'000};

/// Where the cluster's files are: its directory, its log, its table spaces.
constexpr const char* kPlaces =
    "SELECT current_setting('data_directory') UNION SELECT current_setting('data_directory') || '/pg_wal' UNION "
    "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> '' ORDER BY 1";

/// Names of file systems, by directory; of one that is not there nothing is said.
Result<std::map<std::string, std::string>> devices_of(GuestAccess& guest, const std::vector<std::string>& directories) {
  Command command;
  command.argv = {"stat", "-Lc", "%d %n", "--"};
  command.argv.insert(command.argv.end(), directories.begin(), directories.end());
  MOULT_ASSIGN(const auto outcome, guest.run(command));
  std::map<std::string, std::string> devices;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);)
    if (const auto space = line.find(' '); space != std::string::npos)
      devices[line.substr(space + 1)] = line.substr(0, space);
  return devices;
}

/// PostgreSQL goes on working under the fence: the sender of changes writes down how far it came. So nothing may freeze
/// its file systems, nor take them away.
Result<> ask_neighbours(const DataQuestion& question, const std::vector<std::string>& places,
                        std::vector<Error>& problems) {
  std::vector<std::string> all = places;
  for (const auto* other : question.others)
    if (!other->root.empty()) all.push_back(other->root);
  MOULT_ASSIGN(const auto devices, devices_of(question.guest, all));
  for (const auto* other : question.others) {
    const auto theirs = devices.find(other->root);
    if (other->root.empty() || theirs == devices.end()) continue;
    const auto shared = std::find_if(places.begin(), places.end(), [&](const std::string& place) {
      const auto own = devices.find(place);
      return own != devices.end() && own->second == theirs->second;
    });
    if (shared == places.end()) continue;
    problems.push_back(Error{Code::refused,
                             "the cluster's " + *shared + " lies on the same file system as " + other->root +
                                 ", the data set " + other->name + ", which the cutover freezes or takes away",
                             "Keep the cluster on a file system of its own, or the other data on another one.",
                             {},
                             Disposition::fail});
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
