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

}  // namespace

Result<> put_request(Journal& journal, const std::string& run, Request request) {
  return journal.put_value(run, kKey, name_of(request));
}

Result<Request> take_request(Journal& journal, const std::string& run) {
  const auto value = journal.value(run, kKey);
  if (!value) {
    if (value.error().code == Code::not_found) return Request::none;
    return Unexpected(value.error());
  }
  for (const auto request : {Request::cutover, Request::abort}) {
    if (*value != name_of(request)) continue;
    MOULT_TRY(put_request(journal, run, Request::none));
    return request;
  }
  return Request::none;
}

}  // namespace moult
