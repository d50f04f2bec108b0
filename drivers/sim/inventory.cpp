#include "drivers/sim/world.hpp"

namespace moult::sim {
namespace {

std::uint64_t sum_of_tree(const Layer& layer) {
  std::uint64_t sum = layer.blocks;
  for (const auto& [path, node] : layer.tree) {
    for (const char c : path) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    sum = (sum ^ sum_of(node)) * 0xff51afd7ed558ccdULL;
  }
  return sum;
}

void list(std::string& out, const std::string& uri, const Host& host, bool contents) {
  for (const auto& network : host.networks) out.append(uri + " network " + network + "\n");
  for (const auto& [path, layer] : host.layers) {
    out.append(uri + " layer " + path + " " + layer.format + " base=" + layer.base);
    if (contents) out.append(" sum=" + std::to_string(sum_of_tree(layer)));
    out.append("\n");
  }
}

void list(std::string& out, const Domain& domain) {
  out.append(domain.ref.uri + " domain " + domain.ref.domain + " " + domain.uuid + " " + name_of(domain.state));
  out.append(domain.autostart ? " autostart" : " by hand");
  for (const auto& disk : domain.disks) {
    out.append(" " + disk.target + "=" + disk.path);
    if (disk.limit != 0) out.append("<=" + std::to_string(disk.limit));
  }
  for (const auto& disk : domain.withdrawn) out.append(" without " + disk.target);
  for (const auto& [target, owner] : domain.owners) out.append(" owner of " + target + "=" + name_of(owner.side));
  for (const auto& nic : domain.nics) out.append(" " + nic.mac + "@" + nic.source);
  if (domain.guest.helper) out.append(" helper=" + domain.guest.helper->run);
  if (domain.guest.frozen_until != 0) out.append(" frozen");
  for (const auto& unit : domain.guest.stopped) out.append(" stopped=" + unit);
  out.append("\n");
}

}  // namespace

std::string World::inventory(bool contents) const {
  std::string out;
  for (const auto& [uri, host] : hosts_) list(out, uri, host, contents);
  for (const auto& domain : domains_)
    if (domain) list(out, *domain);
  if (gate_.hold_until != 0) out.append("entry holds\n");
  return out;
}

}  // namespace moult::sim
