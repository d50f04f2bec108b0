#include "drivers/entry/http_check.hpp"

#include <httplib.h>

#include <algorithm>
#include <chrono>

namespace moult {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Target {
  std::string origin, path;
};

Result<Target> read_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme) || url.size() == kScheme.size())
    return fail(Code::invalid, "the entry's check is not an http URL: " + url);
  const auto slash = std::min(url.find('/', kScheme.size()), url.size());
  return Target{url.substr(0, slash), slash < url.size() ? url.substr(slash) : "/"};
}

Unexpected not_answered(const std::string& url, httplib::Error error, Millis deadline, bool late) {
  if (late)
    return fail(Code::timeout, "GET " + url + " was not answered within " + std::to_string(deadline.count()) + " ms");
  return fail(error == httplib::Error::Connection ? Code::unreachable : Code::failed,
              "GET " + url + ": " + httplib::to_string(error));
}

}  // namespace

Result<> check_through(const std::string& url, Millis deadline) try {
  MOULT_ASSIGN(const auto target, read_url(url));
  const auto until = SteadyClock::now() + deadline;
  httplib::Client client(target.origin);
  client.set_connection_timeout(deadline);
  client.set_read_timeout(deadline);
  client.set_write_timeout(deadline);
  // The client's timeouts are per read: a trickle must not outlive the deadline. The body itself is not kept.
  const auto answer = client.Get(target.path, [&](const char*, std::size_t) { return SteadyClock::now() < until; });
  if (!answer) return not_answered(url, answer.error(), deadline, SteadyClock::now() >= until);
  if (answer->status >= 400)
    return fail(Code::failed, "GET " + url + " was answered with status " + std::to_string(answer->status));
  return {};
} catch (const std::exception& error) {
  return fail(Code::internal, "GET " + url + ": " + error.what());
}

}  // namespace moult
