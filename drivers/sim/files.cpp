#include "drivers/sim/files.hpp"

#include <algorithm>

namespace moult::sim {
namespace {

constexpr Time kMillisecond = 1000;
constexpr Time kLeastFreeze = 2 * kMillisecond, kMostFreeze = 40 * kMillisecond;

Unexpected no_set(const std::string& set, const char* side) {
  return fail(Code::not_found, "data set " + set + " is not known as a " + side + " here",
              "Declare it again: the helper may have been started anew since.");
}

/// The first file of a round arrives as another one.
void garble(std::vector<Record>& records) {
  const auto file = std::find_if(records.begin(), records.end(), [](const Record& record) {
    return !record.gone && record.node.kind == FileNode::Kind::file;
  });
  if (file != records.end()) file->node.content = "garbled\n";
}

}  // namespace

Result<Domain*> SimFiles::guest() { return guest_with_helper(world_, machine_, run_); }

Result<Capture*> SimFiles::capture(const std::string& set) {
  MOULT_ASSIGN(Domain * domain, guest());
  const auto found = domain->guest.helper->captures.find(set);
  if (found == domain->guest.helper->captures.end()) return no_set(set, "source");
  return &found->second;
}

Result<Target*> SimFiles::target(const std::string& set) {
  MOULT_ASSIGN(Domain * domain, guest());
  const auto found = domain->guest.helper->targets.find(set);
  if (found == domain->guest.helper->targets.end()) return no_set(set, "target");
  return &found->second;
}

Result<> SimFiles::start_capture(const std::vector<FileSet>& sets) {
  return world_.call(CallId::start_capture, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    auto& helper = *domain->guest.helper;
    // Between stop and start nobody noticed anything.
    if (!helper.capturing)
      for (auto& [name, known] : helper.captures) known.overflow = true;
    helper.capturing = true;
    for (const auto& set : sets) {
      const auto [slot, is_new] = helper.captures.try_emplace(set.name);
      slot->second.set = set;
    }
    return {};
  });
}

Result<> SimFiles::stop_capture() {
  return world_.call(CallId::stop_capture, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    domain->guest.helper->capturing = false;
    return {};
  });
}

Result<Pending> SimFiles::pending(const std::string& set) {
  return world_.call(CallId::pending, &machine_, [&]() -> Result<Pending> {
    MOULT_ASSIGN(const Capture* source, capture(set));
    Pending pending{0, 0, source->overflow};
    const auto& tree = world_.tree(*world_.find(machine_));
    for (const auto& path : source->dirty) {
      if (!belongs(source->set, path)) continue;
      ++pending.paths;
      const auto found = tree.find(source->set.root + "/" + path);
      if (found != tree.end()) pending.bytes += found->second.content.size();
    }
    return pending;
  });
}

Result<> SimFiles::open_target(const FileSet& set) {
  return world_.call(CallId::open_target, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    const auto opened = domain->guest.helper->targets.find(set.name);
    if (opened != domain->guest.helper->targets.end() && opened->second.set.root == set.root &&
        !opened->second.emitted) {
      opened->second.set = set;
      return {};
    }
    Target target;
    target.set = set;
    each_path(world_.tree(*domain), set, [&](const std::string& path, const FileNode& node) {
      target.held[path] = {node.stamp, sum_of(node), false};
    });
    domain->guest.helper->targets.insert_or_assign(set.name, std::move(target));
    return {};
  });
}

Result<> SimFiles::close_target(const std::string& set) {
  return world_.call(CallId::close_target, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    domain->guest.helper->targets.erase(set);
    return {};
  });
}

Result<> SimFiles::manifest(const std::string& set, const ByteSink& sink) {
  return world_.call(CallId::manifest, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(const Target* known, target(set));
    return send(encode_manifest(*known), sink);
  });
}

Result<> SimFiles::restore_target(const FileSet& set, const ByteSource& manifest) {
  return world_.call(CallId::restore_target, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Domain * domain, guest());
    MOULT_ASSIGN(const auto bytes, receive(manifest));
    Target target;
    target.set = set;
    MOULT_ASSIGN(target.held, decode_manifest(bytes));
    domain->guest.helper->targets.insert_or_assign(set.name, std::move(target));
    return {};
  });
}

Result<EmitReport> SimFiles::emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                                  const ByteSink& sink) {
  return world_.call(CallId::emit, &machine_, [&]() -> Result<EmitReport> {
    MOULT_ASSIGN(Capture * source, capture(set));
    // A simulated file's content is its stamp's: nothing differs that no round brings.
    if (mode == RoundMode::compare) return send(encode_round({}), sink).map([] { return EmitReport{}; });
    Domain& domain = *world_.find(machine_);
    std::map<std::string, Held> theirs;
    if (mode == RoundMode::reconcile) {
      MOULT_ASSIGN(const auto bytes, receive(manifest));
      MOULT_ASSIGN(theirs, decode_manifest(bytes));
    }
    const auto taken = take_round(world_.tree(domain), *domain.guest.helper, *source, mode, theirs);
    MOULT_TRY(send(encode_round(taken.records), sink));
    mark_taken(world_.tree(domain), *source, taken, mode);
    auto& targets = domain.guest.helper->targets;
    if (const auto other_life = targets.find(set); other_life != targets.end()) other_life->second.emitted = true;
    return taken.report;
  });
}

/// Gathers a round; nothing happens before it is complete.
class SimApplyStream final : public ApplyStream {
 public:
  SimApplyStream(SimFiles& files, std::string set) : files_(files), set_(std::move(set)) {}
  Result<> write(Bytes records) override {
    bytes_.append(reinterpret_cast<const char*>(records.data()), records.size());
    return {};
  }
  Result<ApplyReport> finish() override { return files_.apply_round(set_, bytes_); }

 private:
  SimFiles& files_;
  std::string set_, bytes_;
};

Result<std::unique_ptr<ApplyStream>> SimFiles::apply(const std::string& set) {
  if (world_.dead()) return fail(Code::interrupted, "this process was killed");
  MOULT_TRY(world_.peek([&] { return target(set).map([](Target*) {}); }));
  return std::make_unique<SimApplyStream>(*this, set);
}

Result<ApplyReport> SimFiles::apply_round(const std::string& set, const std::string& bytes) {
  std::size_t paths = 0;
  auto report = world_.call(CallId::apply, &machine_, [&]() -> Result<ApplyReport> {
    MOULT_ASSIGN(Target * known, target(set));
    MOULT_ASSIGN(auto records, decode_round(bytes));
    if (world_.garbles()) garble(records);
    Domain& domain = *world_.find(machine_);
    if (!domain.run.empty()) paths = records.size();
    if (world_.frozen(domain)) return fail(Code::timeout, "the file systems of " + machine_.domain + " are frozen");
    if (world_.host(machine_.uri).free_bytes == 0)
      return fail(Code::no_space, "no space left in " + machine_.domain, "Free space on " + machine_.uri + ".");
    return apply_records(world_, domain, *known, records);
  });
  const auto each = world_.options().slow_clone.count() * kMillisecond;
  if (each != 0 && paths != 0 && !world_.dead()) world_.sleep(each * static_cast<Time>(paths));
  return report;
}

Result<> SimFiles::accept(const std::string& set, const std::vector<std::string>& paths) {
  return world_.call(CallId::accept, &machine_, [&]() -> Result<> {
    MOULT_ASSIGN(Target * known, target(set));
    const auto& tree = world_.tree(*world_.find(machine_));
    if (paths.empty()) {
      for (auto& [path, held] : known->held) held.stamp = 0;
      each_path(tree, known->set,
                [&](const std::string& path, const FileNode& node) { known->held[path].stamp = node.stamp; });
    }
    for (const auto& path : paths) {
      const auto found = tree.find(known->set.root + "/" + path);
      known->held[path].stamp = found == tree.end() ? 0 : found->second.stamp;
    }
    return {};
  });
}

Result<std::string> SimFiles::digest(const std::string& set) {
  return world_.call(CallId::digest, &machine_, [&]() -> Result<std::string> {
    MOULT_ASSIGN(const Domain* domain, guest());
    const auto& helper = *domain->guest.helper;
    // A side that is both, having taken a baseline of itself, is asked as the source that it is.
    const auto target = helper.targets.find(set);
    if (helper.captures.count(set) == 0 && target != helper.targets.end()) return digest_of(target->second);
    MOULT_ASSIGN(const Capture* source, capture(set));
    return digest_of(world_.tree(*world_.find(machine_)), helper, *source);
  });
}

Result<Millis> SimFiles::freeze(const std::vector<std::string>&, Millis ttl) {
  const Time took = world_.rng().between(kLeastFreeze, kMostFreeze);
  return world_.call(CallId::freeze, &machine_, [&]() -> Result<Millis> {
    MOULT_ASSIGN(Domain * domain, guest());
    world_.freeze(*domain, world_.now() + ttl.count() * kMillisecond);
    return Millis{took / kMillisecond};
  });
}

Result<bool> SimFiles::thaw() {
  return world_.call(CallId::thaw, &machine_, [&]() -> Result<bool> {
    MOULT_ASSIGN(Domain * domain, guest());
    const bool held = world_.frozen(*domain);
    world_.thaw(*domain, false);
    return held;
  });
}

Result<> SimFiles::sync(const std::vector<std::string>&) {
  return world_.call(CallId::sync, &machine_, [&]() -> Result<> { return guest().map([](Domain*) {}); });
}

}  // namespace moult::sim
