#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drivers/libvirt/host_connection.hpp"

namespace moult::virt {

/// A domain by its name, or by the name that it is to carry once a finished run's clone can be renamed (see
/// clone_mark.hpp).
[[nodiscard]] Result<DomainHandle> find_domain(_virConnect* connection, const std::string& name,
                                               Effect effect = Effect::none);

/// One host. Calls that are under way at once have a connection each, up to eight, opened when they are first needed:
/// in libvirt's client (9.0) a call can miss its wake-up while another one waits on the same connection, and then it
/// waits for that one's answer (1 % of 20,000 calls beside an agent's, up to 0.6 s), or for an agent that hangs.
/// Thread-safe.
class Host {
 public:
  Host(const std::string& uri, std::shared_ptr<HostEvents> events);
  ~Host();
  [[nodiscard]] const std::string& uri() const { return uri_; }
  [[nodiscard]] const HostEvents& events() const { return *events_; }
  /// The connection that has the events as well (HostConnection::get).
  [[nodiscard]] Result<Connection> connection();

  /// Runs `work` on a connection within the call's deadline. A call that changes nothing is made anew, once,
  /// when the connection broke under it.
  template <typename T>
  Result<T> call(const CallSpec& spec, std::function<Result<T>(_virConnect*)> work) {
    return attempt<T>(spec, work, [&spec] { return spec.effect == Effect::none; });
  }

  /// The same with a domain of the host; also made anew, once, when the connection broke while the domain was looked
  /// up. Error: not_found.
  template <typename T>
  Result<T> on_domain(const CallSpec& spec, const std::string& name, std::function<Result<T>(_virDomain*)> work) {
    const auto begun = std::make_shared<std::atomic<bool>>(false);
    const std::function<Result<T>(_virConnect*)> whole = [name, begun,
                                                          work = std::move(work)](_virConnect* on) -> Result<T> {
      MOULT_ASSIGN(const DomainHandle domain, find_domain(on, name));
      begun->store(true);
      return work(domain.get());
    };
    return attempt<T>(spec, whole, [&] { return spec.effect == Effect::none || !begun->load(); });
  }

 private:
  struct Line;   ///< a connection, and how many calls are under way on it
  struct Place;  ///< one call's, on a line; given up when the call ends, also one that nobody waits for any more
  std::shared_ptr<Place> take_place();
  /// The connection of the place, which becomes one on the first line where its own cannot be had.
  Result<Connection> connect(std::shared_ptr<Place>& place);

  /// Once more on the same line when its connection broke, if that does no harm.
  template <typename T>
  Result<T> attempt(const CallSpec& spec, const std::function<Result<T>(_virConnect*)>& work,
                    const std::function<bool()>& harmless) {
    auto place = take_place();
    for (bool first = true;; first = false) {
      MOULT_ASSIGN(const Connection connection, connect(place));
      auto answer = bounded<T>(spec, [place, connection, work] { return work(connection.get()); });
      const bool broke = !answer && answer.error().code == Code::unreachable && !is_alive(connection);
      if (!first || !broke || !harmless()) return answer;
    }
  }

  const std::string uri_;
  const std::shared_ptr<HostEvents> events_;
  const std::shared_ptr<Line> first_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Line>> lines_;  // guarded by mutex_, as is the moment below
  std::chrono::steady_clock::time_point no_more_before_;
};

/// The hosts of an appliance, each connected when it is first asked. Thread-safe; hosts live as long as it.
class Hosts {
 public:
  [[nodiscard]] Host& at(const std::string& uri);

 private:
  std::mutex mutex_;
  std::shared_ptr<HostEvents> events_ = std::make_shared<HostEvents>();
  std::map<std::string, std::unique_ptr<Host>> hosts_;
};

}  // namespace moult::virt
