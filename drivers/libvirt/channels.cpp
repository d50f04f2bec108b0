#include "drivers/libvirt/channels.hpp"

#include <libvirt/libvirt.h>

#include "drivers/libvirt/char_devices.hpp"
#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kPlugDeadline{15000};
constexpr Millis kOpenDeadline{10000};

Result<bool> has_port(virDomainPtr domain, const std::string& port) {
  MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
  MOULT_ASSIGN(const Description seen, read_description(xml));
  return seen.has_channel(port);
}

Result<StreamHandle> open_stream(virConnectPtr connection, const std::string& domain, const std::string& port) {
  const std::string what = "open channel " + port + " of domain " + domain;
  MOULT_ASSIGN(const DomainHandle found, find_domain(connection, domain));
  StreamHandle stream(virStreamNew(connection, VIR_STREAM_NONBLOCK));
  if (!stream) return virt_fail(what, Effect::none);
  if (virDomainOpenChannel(found.get(), port.c_str(), stream.get(), VIR_DOMAIN_CHANNEL_FORCE) < 0)
    return virt_fail(what, Effect::none);
  return stream;
}

Error within(Error error, const MachineRef& machine) { return std::move(error).within("machine " + machine.name); }

}  // namespace

Result<> Channels::attach(const MachineRef& machine, const std::string& port) {
  const CallSpec spec{"plug channel " + port + " into domain " + machine.domain, Effect::changes, kPlugDeadline};
  return hosts_.at(machine.uri)
      .on_domain<void>(spec, machine.domain, [port, what = spec.what](virDomainPtr domain) -> Result<> {
        MOULT_ASSIGN(const bool there, has_port(domain, port));
        if (there) return {};
        if (virDomainAttachDeviceFlags(domain, channel_element(port).c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
          return virt_fail(what, Effect::changes);
        return {};
      });
}

Result<> Channels::detach(const MachineRef& machine, const std::string& port) {
  {
    const std::lock_guard lock(mutex_);
    const auto earlier = open_.find(Key{machine.uri, machine.domain, port});
    if (earlier != open_.end()) {
      if (const auto pump = earlier->second.lock()) pump->end();
      open_.erase(earlier);
    }
  }
  const CallSpec spec{"unplug channel " + port + " from domain " + machine.domain, Effect::changes, kPlugDeadline};
  auto detached = hosts_.at(machine.uri)
                      .on_domain<void>(spec, machine.domain, [port, what = spec.what](virDomainPtr domain) -> Result<> {
                        if (!is_running(domain)) return {};
                        MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
                        MOULT_ASSIGN(const std::string channel, find_channel_element(xml, port));
                        if (channel.empty()) return {};
                        if (virDomainDetachDeviceFlags(domain, channel.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
                          return virt_fail(what, Effect::changes);
                        return {};
                      });
  if (!detached && detached.error().code == Code::not_found) return {};  // no machine, no port
  return detached;
}

Result<Fd> Channels::open(const MachineRef& machine, const std::string& port) {
  auto connection = open_connection(machine.uri, kOpenDeadline, ConnectionUse::channel, nullptr);
  if (!connection) return Unexpected(within(std::move(connection).error(), machine));
  {
    const std::lock_guard lock(mutex_);
    const auto earlier = open_.find(Key{machine.uri, machine.domain, port});
    if (earlier != open_.end())
      if (const auto pump = earlier->second.lock()) pump->end();
  }
  const CallSpec spec{"open channel " + port + " of domain " + machine.domain, Effect::none, kOpenDeadline};
  auto stream = bounded<std::shared_ptr<_virStream>>(
      spec, [connection = *connection, machine, port]() -> Result<std::shared_ptr<_virStream>> {
        MOULT_ASSIGN(StreamHandle opened, open_stream(connection.get(), machine.domain, port));
        return std::shared_ptr<_virStream>(std::move(opened));
      });
  if (!stream) return Unexpected(within(std::move(stream).error(), machine));
  const std::lock_guard lock(mutex_);
  return StreamPump::start(*connection, std::move(*stream), open_[Key{machine.uri, machine.domain, port}]);
}

}  // namespace moult::virt
