#include "drivers/libvirt/event_source.hpp"

#include <libvirt/libvirt.h>

namespace moult::virt {
namespace {

using Listener = std::shared_ptr<HostEvents>;

void tell(void* opaque) { (*static_cast<Listener*>(opaque))->tell(); }
void drop_listener(void* opaque) { delete static_cast<Listener*>(opaque); }

int on_lifecycle(virConnectPtr, virDomainPtr, int, int, void* opaque) {
  tell(opaque);
  return 0;
}
void on_agent(virConnectPtr, virDomainPtr, int, int, void* opaque) { tell(opaque); }
void on_device(virConnectPtr, virDomainPtr, const char*, void* opaque) { tell(opaque); }
void on_block_job(virConnectPtr, virDomainPtr, const char*, int, int, void* opaque) { tell(opaque); }
void on_close(virConnectPtr, int, void* opaque) { tell(opaque); }

template <typename Callback>
void add(virConnectPtr connection, int id, Callback callback, const Listener& listener, std::vector<int>& ids) {
  auto* own = new Listener(listener);  // freed by libvirt through drop_listener
  const int registered = virConnectDomainEventRegisterAny(connection, nullptr, id, VIR_DOMAIN_EVENT_CALLBACK(callback),
                                                          own, drop_listener);
  if (registered < 0) {
    drop_listener(own);
  } else {
    ids.push_back(registered);
  }
}

}  // namespace

Subscriptions subscribe(_virConnect* connection, const std::shared_ptr<HostEvents>& events) {
  Subscriptions made;
  add(connection, VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_lifecycle, events, made.ids);
  add(connection, VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, on_agent, events, made.ids);
  add(connection, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, on_device, events, made.ids);
  add(connection, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, on_device, events, made.ids);
  add(connection, VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, on_block_job, events, made.ids);
  auto* own = new Listener(events);
  made.close_watched = virConnectRegisterCloseCallback(connection, on_close, own, drop_listener) == 0;
  if (!made.close_watched) drop_listener(own);
  return made;
}

void unsubscribe(_virConnect* connection, const Subscriptions& subscriptions) {
  for (const int id : subscriptions.ids) virConnectDomainEventDeregisterAny(connection, id);
  if (subscriptions.close_watched) virConnectUnregisterCloseCallback(connection, on_close);
}

}  // namespace moult::virt
