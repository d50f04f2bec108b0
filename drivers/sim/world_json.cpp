#include <nlohmann/json.hpp>

#include "descriptors/base/text.hpp"
#include "drivers/sim/world.hpp"

// What a saved world looks like. Read by this version alone: `form` says so.
namespace moult {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MachineRef, name, uri, domain)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PatternRule, pattern, rule, merge)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DiskOwner, epoch, side, image)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FileSet, name, root, include, exclude, conflict)
}  // namespace moult

namespace moult::sim {
namespace {
constexpr int kForm = 2;
constexpr std::size_t kLong = 4096;
using nlohmann::json;
}  // namespace

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Disk, target, path, mount, mounted, at_start, limit, written, busy_until)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Nic, mac, source, production, at_start)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Held, stamp, sum, carried)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Capture, set, dirty, held, overflow, stamps, carried)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Target, set, held, conflicts, emitted)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Helper, run, capturing, captures, targets)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Note, client, number, acknowledged, tried, deleted_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Client, phase, reading, retrying, note, revision, turn, began, next, domain, epoch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Gatehouse, can_hold, hold_until, on_record)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Accounts, requests, failed, writes_acknowledged, reads, longest_wait)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Violation, at, invariant, text)

namespace {

using Store = std::function<void(const std::string&, const std::string&)>;
using Fetch = std::function<Result<std::string>(const std::string&)>;

json node_to_json(const FileNode& node, const Store& blobs) {
  json tree{{"kind", node.kind}, {"mode", node.mode}, {"mtime", node.mtime}, {"stamp", node.stamp}};
  if (node.content.size() <= kLong && valid_utf8(node.content)) {
    tree["content"] = node.content;
    return tree;
  }
  const auto name = std::to_string(sum_of(node));
  blobs(name, node.content);
  tree["blob"] = name;
  return tree;
}

FileNode node_from_json(const json& tree, const Fetch& blobs) {
  FileNode node{tree.at("kind"), tree.at("mode"), tree.at("mtime"), tree.at("stamp"), tree.value("content", "")};
  if (!tree.contains("blob")) return node;
  auto content = blobs(tree.at("blob"));
  if (!content) throw std::runtime_error(content.error().message);
  node.content = std::move(*content);
  return node;
}

json host_to_json(const Host& host, const Store& blobs) {
  json layers = json::object();
  for (const auto& [path, layer] : host.layers) {
    json files = json::object();
    for (const auto& [name, node] : layer.tree) files[name] = node_to_json(node, blobs);
    layers[path] = {{"base", layer.base},        {"format", layer.format},
                    {"blocks", layer.blocks},    {"virtual_bytes", layer.virtual_bytes},
                    {"files", std::move(files)}, {"allocated_bytes", layer.allocated_bytes},
                    {"written", layer.written}};
  }
  return {{"free_bytes", host.free_bytes}, {"networks", host.networks}, {"layers", std::move(layers)}};
}

Host host_from_json(const json& tree, const Fetch& blobs) {
  Host host{tree.at("free_bytes"), {}, tree.at("networks")};
  for (const auto& [path, one] : tree.at("layers").items()) {
    Layer layer{one.at("base"),   one.at("format"),        {},
                one.at("blocks"), one.at("virtual_bytes"), one.at("allocated_bytes"),
                one.at("written")};
    for (const auto& [name, node] : one.at("files").items()) layer.tree.emplace(name, node_from_json(node, blobs));
    host.layers.emplace(path, std::move(layer));
  }
  return host;
}

json guest_to_json(const Guest& guest) {
  json tree{{"booted", guest.booted},
            {"boots_at", guest.boots_at},
            {"epoch", guest.epoch},
            {"frozen_until", guest.frozen_until},
            {"lease_ended", guest.lease_ended},
            {"stopped", guest.stopped}};
  if (guest.helper) tree["helper"] = *guest.helper;
  return tree;
}

Guest guest_from_json(const json& tree) {
  Guest guest{tree.at("booted"),      tree.at("boots_at"), tree.at("epoch"),  tree.at("frozen_until"),
              tree.at("lease_ended"), std::nullopt,        tree.at("stopped")};
  if (tree.contains("helper")) guest.helper = tree.at("helper").get<Helper>();
  return guest;
}

json domain_to_json(const Domain& domain) {
  return {{"ref", domain.ref},
          {"role", domain.role},
          {"run", domain.run},
          {"alias", domain.alias},
          {"uuid", domain.uuid},
          {"state", domain.state},
          {"persistent", domain.persistent},
          {"autostart", domain.autostart},
          {"has_agent", domain.has_agent},
          {"memory_kib", domain.memory_kib},
          {"disks", domain.disks},
          {"nics", domain.nics},
          {"guest", guest_to_json(domain.guest)},
          {"withdrawn", domain.withdrawn},
          {"owners", domain.owners}};
}

Domain domain_from_json(const json& tree) {
  return {tree.at("ref"),
          tree.at("role"),
          tree.at("run"),
          tree.at("alias"),
          tree.at("uuid"),
          tree.at("state"),
          tree.at("persistent"),
          tree.at("autostart"),
          tree.at("has_agent"),
          tree.at("memory_kib"),
          tree.at("disks"),
          tree.at("nics"),
          guest_from_json(tree.at("guest")),
          tree.at("withdrawn"),
          tree.at("owners")};
}

}  // namespace

std::string World::save(const Store& blobs) const {
  json tree{{"form", kForm},
            {"appliance", options_.appliance.id},
            {"now", now_},
            {"wall_offset_s", wall_offset_s_},
            {"rng", rng_.state()},
            {"stamp", stamp_},
            {"gate", gate_},
            {"clients", clients_},
            {"notes", notes_},
            {"accounts", accounts_},
            {"excited_until", excited_until_},
            {"violations", violations_},
            {"last_acker", last_acker_},
            {"data_root", data_root_},
            {"data_role", data_role_}};
  for (const auto& [uri, host] : hosts_) tree["hosts"][uri] = host_to_json(host, blobs);
  for (const auto& domain : domains_) tree["domains"].push_back(domain ? domain_to_json(*domain) : json());
  return tree.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<> World::load(const std::string& text, const Fetch& blobs) {
  try {
    const auto tree = json::parse(text);
    if (tree.at("form") != kForm || tree.at("appliance") != options_.appliance.id)
      return fail(Code::invalid, "this is not the world of " + options_.appliance.id,
                  "Name another world file, or remove this one.");
    now_ = tree.at("now");
    wall_offset_s_ = tree.at("wall_offset_s");
    rng_ = Rng(tree.at("rng").get<std::uint64_t>());
    stamp_ = tree.at("stamp");
    gate_ = tree.at("gate");
    clients_ = tree.at("clients").get<std::vector<Client>>();
    notes_ = tree.at("notes").get<std::vector<Note>>();
    accounts_ = tree.at("accounts");
    excited_until_ = tree.at("excited_until");
    violations_ = tree.at("violations").get<std::vector<Violation>>();
    last_acker_ = tree.at("last_acker");
    data_root_ = tree.at("data_root");
    data_role_ = tree.at("data_role");
    for (auto& note : notes_) note.path = note_path(note);
    hosts_.clear();
    for (const auto& [uri, host] : tree.at("hosts").items()) hosts_.emplace(uri, host_from_json(host, blobs));
    domains_.clear();
    for (const auto& domain : tree.at("domains"))
      domains_.push_back(domain.is_null() ? nullptr : std::make_unique<Domain>(domain_from_json(domain)));
  } catch (const std::exception& error) {
    return fail(Code::invalid, std::string("the saved world cannot be read: ") + error.what(),
                "Remove the file to begin anew.");
  }
  reschedule();
  settle();
  return {};
}

}  // namespace moult::sim
