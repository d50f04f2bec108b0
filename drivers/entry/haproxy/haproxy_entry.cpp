#include "drivers/entry/haproxy/haproxy_entry.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

#include "descriptors/base/text.hpp"
#include "drivers/entry/http_check.hpp"

namespace moult::haproxy {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis kPoll{1};
/// What moult-hold.lua appends to a frontend's name once the action has seen a request of it. The value is the longest
/// that it lets a request wait, in milliseconds.
constexpr const char* kSeen = "|seen";

/// HAProxy's own clock, by which the action ends a hold: another's may be another time, on another host or after a
/// jump. From the answer to `show activity`, in milliseconds since 1970; empty when it does not say.
std::optional<std::int64_t> now_of(std::string_view answer) {
  constexpr std::string_view mark = "date_now: ";
  const auto start = answer.find(mark);
  if (start == std::string_view::npos) return std::nullopt;
  const char* at = answer.data() + start + mark.size();
  const char* end = answer.data() + answer.size();
  std::int64_t seconds = 0, microseconds = 0;
  at = std::from_chars(at, end, seconds).ptr;
  if (seconds == 0 || at == end || *at != '.') return std::nullopt;
  std::from_chars(at + 1, end, microseconds);
  return seconds * 1000 + microseconds / 1000;
}

/// The key's value in the answer to `get map`; empty when the key is not in the map.
std::string value_of(const std::string& key, std::string_view answer) {
  const std::string mark = "key=\"" + key + "\", value=\"";
  const auto start = answer.find(mark);
  if (start == std::string_view::npos) return {};
  answer.remove_prefix(start + mark.size());
  return std::string(answer.substr(0, answer.find('"')));
}

/// Commands that make HAProxy drop a server's idle connections: it does so when the server goes into maintenance. Both
/// words travel in one line, so that HAProxy gets both or none. Coming back also makes a server UP at once that failed
/// its health checks while the appliance was fenced.
std::string bounce(const Server& server) {
  const std::string set = "set server " + server.backend + "/" + server.name + " state ";
  return set + "maint; " + set + (server.draining() ? "drain" : "ready") + "; ";
}

/// A server that is down beside one that is up is left down: released requests must not find it.
std::string bounce_all(const Statistics& statistics) {
  std::string line;
  for (const auto& backend : statistics.backends) {
    const bool one_is_up = std::ranges::any_of(backend.servers, &Server::up);
    for (const auto& server : backend.servers)
      if (!server.maintained() && !(server.down() && one_is_up)) line += bounce(server);
  }
  return line;
}

std::string set_up_text(const std::string& map, const std::string& frontend) {
  return "touch " + map + " and configure HAProxy with\n  global: setenv MOULT_HOLD_MAP " + map +
         "\n  global: lua-load-per-thread /usr/share/moult/moult-hold.lua\n  frontend " + frontend +
         ": http-request lua.moult_hold\nthen reload it";
}

}  // namespace

HaproxyEntry::HaproxyEntry(const EntrySpec& spec)
    : api_(spec.socket),
      frontend_(spec.frontend),
      map_(spec.map),
      backends_(spec.backends),
      check_url_(spec.check_url) {}

std::uint64_t HaproxyEntry::Sight::in_flight() const {
  std::uint64_t sum = 0;
  for (const auto& backend : statistics.backends) sum += backend.in_flight;
  return sum;
}

std::uint64_t HaproxyEntry::Sight::open_connections() const {
  std::uint64_t sum = 0;
  for (const auto& backend : statistics.backends) sum += backend.open_connections;
  return sum;
}

Result<HaproxyEntry::Sight> HaproxyEntry::look() const {
  const std::string seen_key = frontend_ + kSeen;
  MOULT_ASSIGN(const auto answer,
               api_.ask("show activity; get map " + key() + "; get map " + map_ + " " + seen_key + "; show stat"));
  if (answer.find("Unknown map") != std::string::npos)
    return fail(Code::refused, "HAProxy at " + api_.socket() + " does not know the map " + map_,
                set_up_text(map_, frontend_));
  const auto now = now_of(answer);
  if (!now)
    return fail(Code::failed, "HAProxy at " + api_.socket() + " does not tell its time (`show activity`)",
                "use HAProxy 2.6 or newer");
  Sight sight;
  sight.now_ms = *now;
  MOULT_ASSIGN(sight.statistics, read_statistics(answer));
  const auto longest = value_of(seen_key, answer);
  std::from_chars(longest.data(), longest.data() + longest.size(), sight.longest_ms);
  const auto expiry = value_of(frontend_, answer);
  std::from_chars(expiry.data(), expiry.data() + expiry.size(), sight.expiry_ms);
  auto& all = sight.statistics.backends;
  std::erase_if(all, [&](const Backend& backend) {
    return backends_.empty() ? backend.servers.empty() : std::ranges::find(backends_, backend.name) == backends_.end();
  });
  return sight;
}

Result<> HaproxyEntry::check_set_up(const Sight& sight) const {
  const auto& frontends = sight.statistics.frontends;
  if (std::ranges::find(frontends, frontend_) == frontends.end())
    return fail(Code::not_found, "HAProxy at " + api_.socket() + " has no frontend " + in_quotes(frontend_),
                "it has: " + joined(frontends));
  for (const auto& name : backends_)
    if (std::ranges::find(sight.statistics.backends, name, &Backend::name) == sight.statistics.backends.end())
      return fail(Code::not_found, "HAProxy at " + api_.socket() + " has no backend " + in_quotes(name));
  if (backends_.empty() && frontends.size() > 1)
    return fail(Code::refused, "HAProxy at " + api_.socket() + " serves other frontends too: " + joined(frontends),
                "name the backends that lead to the appliance under entry.haproxy.backends");
  if (!sight.action_seen())
    return fail(Code::refused,
                "no request of frontend " + frontend_ + " has passed the moult_hold action since HAProxy started",
                "send one request if there was none; otherwise " + set_up_text(map_, frontend_));
  return {};
}

Result<> HaproxyEntry::check_level() const {
  // A map may be changed at any level, a server only as admin: found out now, not while clients wait.
  MOULT_ASSIGN(const auto level, api_.ask("show cli level"));
  if (level.starts_with("admin")) return {};
  return fail(Code::refused, "HAProxy's socket " + api_.socket() + " lets moult look but not act",
              "write `level admin` on its `stats socket` line");
}

Result<HaproxyEntry::Sight> HaproxyEntry::look_set_up(Millis ttl) const {
  MOULT_ASSIGN(auto sight, look());
  if (!sight.action_seen() && !check_url_.empty() && sight.expiry_ms == 0) {
    (void)check_through(check_url_, Millis{300});  // a first request since HAProxy started may be ours
    MOULT_ASSIGN(sight, look());
  }
  MOULT_TRY(check_set_up(sight));
  MOULT_TRY(check_level());
  if (ttl.count() <= sight.longest_ms) return sight;
  return fail(Code::refused,
              "HAProxy at " + api_.socket() + " lets no request wait longer than " + std::to_string(sight.longest_ms) +
                  " ms, and a hold may last " + std::to_string(ttl.count()) + " ms",
              "raise MOULT_HOLD_MAX_MS in its configuration and reload it, or allow a shorter stall");
}

Result<> HaproxyEntry::ready(Millis ttl) {
  return look_set_up(ttl).map([](const Sight&) {});
}

Result<> HaproxyEntry::hold(Millis ttl) {
  MOULT_ASSIGN(const auto sight, look_set_up(ttl));
  const auto expiry = std::to_string(sight.now_ms + ttl.count());
  const std::string command = sight.expiry_ms == 0 ? "add map " : "set map ";
  MOULT_ASSIGN(const auto answer, api_.ask(command + key() + " " + expiry + "; get map " + key()));
  if (value_of(frontend_, answer) == expiry) return {};
  return fail(Code::failed, "HAProxy at " + api_.socket() + " did not take the hold: " + in_quotes(answer));
}

Result<HaproxyEntry::Sight> HaproxyEntry::wait_until_empty(SteadyClock::time_point until, Millis deadline) const {
  // Twice in a row: a request may be between the frontend's rules and its backend.
  for (int empty = 0;;) {
    MOULT_ASSIGN(auto sight, look());
    empty = sight.in_flight() == 0 ? empty + 1 : 0;
    if (empty == 2) return sight;
    if (SteadyClock::now() >= until) {
      std::string left;
      for (const auto& backend : sight.statistics.backends)
        if (backend.in_flight > 0)
          left += (left.empty() ? "" : ", ") + backend.name + " " + std::to_string(backend.in_flight);
      return fail(Code::timeout,
                  std::to_string(sight.in_flight()) + " requests are still inside the appliance after " +
                      std::to_string(deadline.count()) + " ms, by backend: " + left,
                  "wait until long requests have ended, or allow a longer stall");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<> HaproxyEntry::close_connections(const Sight& sight, SteadyClock::time_point until) const {
  MOULT_ASSIGN(const auto answer, api_.ask(bounce_all(sight.statistics) + "show stat"));
  MOULT_ASSIGN(auto now, look());
  while (now.open_connections() > 0 && SteadyClock::now() < until) {
    std::this_thread::sleep_for(kPoll);
    MOULT_ASSIGN(now, look());
  }
  if (now.open_connections() == 0) return {};
  return fail(Code::refused,
              "HAProxy keeps " + std::to_string(now.open_connections()) +
                  " connections to the appliance open that belong to clients' connections; after the switch they would "
                  "lead to the sealed original",
              "use `http-reuse safe` (HAProxy's default) or `option http-server-close` in the backend");
}

Result<> HaproxyEntry::drain(Millis deadline) {
  const auto until = SteadyClock::now() + deadline;
  MOULT_ASSIGN(const auto sight, wait_until_empty(until, deadline));
  return close_connections(sight, until);
}

Result<> HaproxyEntry::release() {
  MOULT_ASSIGN(const auto before, look());
  // The key's deletion is in the same line: whatever the bounce says, nobody waits on.
  const std::string bounce_or_not = before.expiry_ms == 0 ? "" : bounce_all(before.statistics);
  MOULT_ASSIGN(const auto answer, api_.ask(bounce_or_not + "del map " + key()));
  MOULT_ASSIGN(const auto after, look());
  if (after.expiry_ms != 0)
    return fail(Code::failed, "HAProxy at " + api_.socket() + " did not let go: " + in_quotes(answer));
  for (const auto& backend : after.statistics.backends)
    if (!backend.servers.empty() && std::ranges::none_of(backend.servers, &Server::up))
      return fail(Code::failed, "requests were released, but HAProxy holds every server of backend " + backend.name +
                                    " for down: " + in_quotes(answer));
  return {};
}

Result<EntryState> HaproxyEntry::where() {
  MOULT_ASSIGN(const auto sight, look());
  const bool holding = sight.action_seen() && sight.expiry_ms > sight.now_ms;
  return EntryState{holding, sight.in_flight(), sight.expiry_ms != 0 && !holding};
}

Result<> HaproxyEntry::check(Millis deadline) {
  if (check_url_.empty()) return {};
  return check_through(check_url_, deadline);
}

}  // namespace moult::haproxy
