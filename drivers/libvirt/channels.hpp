#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "drivers/channel_opener.hpp"
#include "drivers/libvirt/host.hpp"
#include "drivers/libvirt/stream_pump.hpp"

namespace moult::virt {

class Channels : public ChannelOpener {
 public:
  explicit Channels(Hosts& hosts) : hosts_(hosts) {}
  Result<> attach(const MachineRef& machine, const std::string& port) override;
  Result<> detach(const MachineRef& machine, const std::string& port) override;
  /// Each stream has a connection of its own; see StreamPump for why.
  Result<Fd> open(const MachineRef& machine, const std::string& port) override;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // uri, domain, port
  Hosts& hosts_;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<StreamPump>> open_;
};

}  // namespace moult::virt
