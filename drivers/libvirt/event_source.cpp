#include "drivers/libvirt/event_source.hpp"

#include <libvirt/libvirt.h>

#include <optional>

namespace moult::virt {
namespace {

struct Listener {
  std::string uri;
  std::shared_ptr<EventQueue> queue;
  void tell(virDomainPtr domain, MachineEventKind kind) const {
    queue->push({uri, domain == nullptr ? "" : virDomainGetName(domain), kind});
  }
};

Listener& listener(void* opaque) { return *static_cast<Listener*>(opaque); }
void drop_listener(void* opaque) { delete static_cast<Listener*>(opaque); }

std::optional<MachineEventKind> kind_of(int event, int detail) {
  switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
      return MachineEventKind::started;
    case VIR_DOMAIN_EVENT_STOPPED:
      return detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED || detail == VIR_DOMAIN_EVENT_STOPPED_FAILED
                 ? MachineEventKind::crashed
                 : MachineEventKind::stopped;
    case VIR_DOMAIN_EVENT_CRASHED:
      return MachineEventKind::crashed;
    case VIR_DOMAIN_EVENT_SUSPENDED:
      return MachineEventKind::paused;
    case VIR_DOMAIN_EVENT_RESUMED:
      return MachineEventKind::resumed;
    default:
      return std::nullopt;
  }
}

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  if (const auto kind = kind_of(event, detail)) listener(opaque).tell(domain, *kind);
  return 0;
}

void on_agent(virConnectPtr, virDomainPtr domain, int state, int, void* opaque) {
  listener(opaque).tell(domain, state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED
                                    ? MachineEventKind::agent_connected
                                    : MachineEventKind::agent_disconnected);
}

void on_disk_error(virConnectPtr, virDomainPtr domain, const char*, const char*, int, const char*, void* opaque) {
  listener(opaque).tell(domain, MachineEventKind::disk_error);
}

void on_close(virConnectPtr, int reason, void* opaque) {
  if (reason != VIR_CONNECT_CLOSE_REASON_CLIENT) listener(opaque).tell(nullptr, MachineEventKind::host_lost);
}

template <typename Callback>
void add(virConnectPtr connection, int id, Callback callback, const Listener& model, std::vector<int>& ids) {
  auto* own = new Listener(model);  // freed by libvirt through drop_listener
  const int registered = virConnectDomainEventRegisterAny(connection, nullptr, id, VIR_DOMAIN_EVENT_CALLBACK(callback),
                                                          own, drop_listener);
  if (registered < 0) {
    drop_listener(own);
  } else {
    ids.push_back(registered);
  }
}

}  // namespace

Subscriptions subscribe(_virConnect* connection, const std::string& uri, const std::shared_ptr<EventQueue>& queue) {
  const Listener model{uri, queue};
  Subscriptions made;
  add(connection, VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_lifecycle, model, made.ids);
  add(connection, VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, on_agent, model, made.ids);
  add(connection, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, on_disk_error, model, made.ids);
  auto* own = new Listener(model);
  made.close_watched = virConnectRegisterCloseCallback(connection, on_close, own, drop_listener) == 0;
  if (!made.close_watched) drop_listener(own);
  return made;
}

void unsubscribe(_virConnect* connection, const Subscriptions& subscriptions) {
  for (const int id : subscriptions.ids) virConnectDomainEventDeregisterAny(connection, id);
  if (subscriptions.close_watched) virConnectUnregisterCloseCallback(connection, on_close);
}

}  // namespace moult::virt
