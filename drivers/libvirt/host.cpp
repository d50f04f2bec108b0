#include "drivers/libvirt/host.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>

#include "drivers/libvirt/clone_mark.hpp"

namespace moult::virt {
namespace {

/// So that of libvirtd's twenty workers (`max_workers`) some are left to others, and sshd takes them all at once
/// (`MaxStartups`). It works on five calls of one connection at a time (`max_client_requests`).
constexpr std::size_t kMostLines = 8;
constexpr std::chrono::seconds kNoMoreLines{60};  ///< after one that could not be had

}  // namespace

Result<DomainHandle> find_domain(_virConnect* connection, const std::string& name, Effect effect) {
  DomainHandle domain(virDomainLookupByName(connection, name.c_str()));
  if (domain) return domain;
  if (!last_error_is_absence()) return virt_fail("look up domain " + name, effect);
  domain = find_successor(connection, name);
  if (domain) return domain;
  return fail(Code::not_found, "there is no domain " + name, "see `virsh list --all` on that host for the names");
}

struct Host::Line {
  Line(const std::string& uri, ConnectionUse use, const std::shared_ptr<HostEvents>& events)
      : connection(uri, use, events) {}
  HostConnection connection;
  std::atomic<int> calls = 0;
};

struct Host::Place {
  explicit Place(std::shared_ptr<Line> taken) : line(std::move(taken)) { ++line->calls; }
  ~Place() { --line->calls; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const std::shared_ptr<Line> line;
};

Host::Host(const std::string& uri, std::shared_ptr<HostEvents> events)
    : uri_(uri),
      events_(std::move(events)),
      first_(std::make_shared<Line>(uri, ConnectionUse::calls_and_events, events_)),
      lines_{first_} {}

Host::~Host() = default;

Result<Connection> Host::connection() { return first_->connection.get(); }

/// The first one that is free, so that there are no more than are needed.
std::shared_ptr<Host::Place> Host::take_place() {
  const std::lock_guard lock(mutex_);
  auto line = *std::min_element(lines_.begin(), lines_.end(),
                                [](const auto& one, const auto& other) { return one->calls < other->calls; });
  const bool more = lines_.size() < kMostLines && std::chrono::steady_clock::now() >= no_more_before_;
  if (line->calls > 0 && more) line = lines_.emplace_back(std::make_shared<Line>(uri_, ConnectionUse::calls, events_));
  return std::make_shared<Place>(std::move(line));
}

Result<Connection> Host::connect(std::shared_ptr<Place>& place) {
  // Whether the host is there is known by the first one. A daemon that takes no more connections is asked on that.
  MOULT_ASSIGN(auto first, connection());
  if (place->line == first_) return first;
  auto own = place->line->connection.get();
  if (own) return own;
  const std::lock_guard lock(mutex_);
  std::erase(lines_, place->line);
  no_more_before_ = std::chrono::steady_clock::now() + kNoMoreLines;
  place = std::make_shared<Place>(first_);
  return first;
}

Host& Hosts::at(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  auto& host = hosts_[uri];
  if (!host) host = std::make_unique<Host>(uri, events_);
  return *host;
}

}  // namespace moult::virt
