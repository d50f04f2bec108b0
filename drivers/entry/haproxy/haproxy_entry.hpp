#pragma once

#include <string>
#include <vector>

#include "drivers/entry.hpp"
#include "drivers/entry/haproxy/runtime_api.hpp"
#include "drivers/entry/haproxy/statistics.hpp"

namespace moult::haproxy {

/// HAProxy in front, with the Lua action of moult-hold.lua in its frontend. Keeps no state of its own: another process
/// may go on where this one ended.
class HaproxyEntry final : public Entry {
 public:
  explicit HaproxyEntry(const EntrySpec& spec);

  [[nodiscard]] bool can_hold() const override { return true; }
  /// Refused where HAProxy does not know the map, where no request has passed the action yet (a request to the check's
  /// URL is sent then), or where it lets no request wait for so long.
  Result<> ready(Millis ttl) override;
  /// The same refusals.
  Result<> hold(Millis ttl) override;
  /// Also closes HAProxy's idle connections to the appliance. Error: refused, when a connection stays that belongs to a
  /// client.
  Result<> drain(Millis deadline) override;
  Result<> release() override;
  Result<EntryState> where() override;
  Result<> check(Millis deadline) override;

 private:
  struct Sight {
    Statistics statistics;        ///< of all frontends and of the appliance's backends
    std::int64_t longest_ms = 0;  ///< that the action lets a request wait; 0: it has not seen one
    std::int64_t expiry_ms = 0;   ///< 0: no hold
    std::int64_t now_ms = 0;      ///< by HAProxy's own clock, as `expiry_ms`
    [[nodiscard]] bool action_seen() const { return longest_ms > 0; }
    [[nodiscard]] std::uint64_t in_flight() const;
    [[nodiscard]] std::uint64_t open_connections() const;
  };
  [[nodiscard]] Result<Sight> look() const;
  [[nodiscard]] Result<Sight> look_set_up(Millis ttl) const;
  [[nodiscard]] Result<> check_set_up(const Sight& sight) const;
  [[nodiscard]] Result<> check_level() const;
  [[nodiscard]] Result<Sight> wait_until_empty(std::chrono::steady_clock::time_point until, Millis deadline) const;
  [[nodiscard]] Result<> close_connections(const Sight& sight, std::chrono::steady_clock::time_point until) const;
  [[nodiscard]] std::string key() const { return map_ + " " + frontend_; }

  RuntimeApi api_;
  std::string frontend_, map_;
  std::vector<std::string> backends_;
  std::string check_url_;
};

}  // namespace moult::haproxy
