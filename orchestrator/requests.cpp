#include "orchestrator/requests.hpp"

namespace moult {
namespace {

constexpr const char* kKey = "request";

const char* name_of(Request request) {
  switch (request) {
    case Request::none:
      return "";
    case Request::cutover:
      return "cutover";
    case Request::abort:
      return "abort";
  }
  return "";
}

Result<Request> look_for_request(Journal& journal, const std::string& run) {
  const auto value = journal.value(run, kKey);
  if (!value && value.error().code != Code::not_found) return Unexpected(value.error());
  for (const auto request : {Request::cutover, Request::abort})
    if (value && *value == name_of(request)) return request;
  return Request::none;
}

}  // namespace

Result<> put_request(Journal& journal, const std::string& run, Request request) {
  return journal.put_value(run, kKey, name_of(request));
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
