#include "orchestrator/requests.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace moult {
namespace {

constexpr const char* kKey = "request";

constexpr std::array<std::pair<Request, std::string_view>, 7> kNames{{
    {Request::none, ""},
    {Request::cutover, "cutover"},
    {Request::abort, "abort"},
    {Request::confirm, "confirm"},
    {Request::rollback, "rollback"},
    {Request::rollback_one_way, "rollback-one-way"},
    {Request::finish, "finish"},
}};

Result<Request> look_for_request(Journal& journal, const std::string& run) {
  const auto value = journal.value(run, kKey);
  if (!value && value.error().code != Code::not_found) return Unexpected(value.error());
  if (!value) return Request::none;
  const auto row = std::find_if(kNames.begin(), kNames.end(), [&](const auto& pair) { return pair.second == *value; });
  return row == kNames.end() ? Request::none : row->first;
}

}  // namespace

Result<> put_request(Journal& journal, const std::string& run, Request request) {
  return journal.put_value(run, kKey, std::string(kNames.at(static_cast<std::size_t>(request)).second));
}

Result<Request> take_request(Store& store, const std::string& run) {
  auto& journal = store.journal();
  MOULT_ASSIGN(const auto there, look_for_request(journal, run));
  if (there == Request::none) return there;  // most often, and without a transaction
  Request taken = Request::none;
  MOULT_TRY(store.atomically([&]() -> Result<> {
    MOULT_ASSIGN(taken, look_for_request(journal, run));
    return put_request(journal, run, Request::none);
  }));
  return taken;
}

}  // namespace moult
