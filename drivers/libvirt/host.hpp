#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "drivers/libvirt/bounded.hpp"
#include "drivers/libvirt/event_queue.hpp"
#include "drivers/libvirt/handles.hpp"

namespace moult::virt {

/// Opens a connection within `deadline`: a connect to a dead host hangs for minutes by itself. With a queue, the host's
/// events go there, and keepalive is on. Errors: unreachable, refused (not allowed).
[[nodiscard]] Result<Connection> open_connection(const std::string& uri, Millis deadline,
                                                 const std::shared_ptr<EventQueue>& queue);

[[nodiscard]] bool is_alive(_virConnect* connection);

/// A domain by its name, or by the name that it is to carry once a finished run's clone can be renamed (see
/// clone_mark.hpp).
[[nodiscard]] Result<DomainHandle> find_domain(_virConnect* connection, const std::string& name,
                                               Effect effect = Effect::none);

/// One host: keeps its connection and renews it when libvirtd was restarted. Thread-safe.
class Host {
 public:
  Host(std::string uri, std::shared_ptr<EventQueue> queue) : uri_(std::move(uri)), queue_(std::move(queue)) {}
  [[nodiscard]] const std::string& uri() const { return uri_; }
  /// The living connection, opened when there is none. A daemon that answered before is waited for, up to 15 s from its
  /// loss: one that died is started again by its host. A failure is repeated to everyone for a second, so that many
  /// callers do not each wait for a dead host.
  [[nodiscard]] Result<Connection> connection();

  /// Runs `work` on the connection within the call's deadline. A call that changes nothing is made anew, once,
  /// when the connection broke under it.
  template <typename T>
  Result<T> call(const CallSpec& spec, std::function<Result<T>(_virConnect*)> work) {
    auto answer = attempt<T>(spec, work);
    if (!answer && spec.effect == Effect::none && answer.error().code == Code::unreachable && lost())
      return attempt<T>(spec, work);
    return answer;
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
    auto answer = call<T>(spec, whole);
    if (!answer && !begun->load() && answer.error().code == Code::unreachable && lost()) return attempt<T>(spec, whole);
    return answer;
  }

 private:
  Result<Connection> open();
  template <typename T>
  Result<T> attempt(const CallSpec& spec, const std::function<Result<T>(_virConnect*)>& work) {
    MOULT_ASSIGN(Connection connection, this->connection());
    return bounded<T>(spec, [connection = std::move(connection), work] { return work(connection.get()); });
  }
  bool lost();

  const std::string uri_;
  const std::shared_ptr<EventQueue> queue_;
  std::mutex mutex_;
  Connection current_;
  std::optional<std::chrono::steady_clock::time_point> lost_since_;
  std::optional<Error> failure_;
  std::chrono::steady_clock::time_point failed_at_;
};

/// The hosts of an appliance, each connected when it is first asked. Thread-safe; hosts live as long as it.
class Hosts {
 public:
  [[nodiscard]] Host& at(const std::string& uri);
  [[nodiscard]] EventQueue& events() { return *queue_; }

 private:
  std::mutex mutex_;
  std::shared_ptr<EventQueue> queue_ = std::make_shared<EventQueue>();
  std::map<std::string, std::unique_ptr<Host>> hosts_;
};

}  // namespace moult::virt
