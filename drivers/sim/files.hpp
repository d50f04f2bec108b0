#pragma once

#include "drivers/guest_files.hpp"
#include "drivers/sim/path_rules.hpp"
#include "drivers/sim/records.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

/// GuestFiles of one simulated guest, through the run's helper in it.
class SimFiles final : public GuestFiles {
 public:
  SimFiles(World& world, MachineRef machine, std::string run)
      : world_(world), machine_(std::move(machine)), run_(std::move(run)) {}
  Result<> start_capture(const std::vector<FileSet>& sets) override;
  Result<> stop_capture() override;
  Result<Pending> pending(const std::string& set) override;
  Result<> open_target(const FileSet& set) override;
  Result<> close_target(const std::string& set) override;
  Result<> manifest(const std::string& set, const ByteSink& sink) override;
  Result<> restore_target(const FileSet& set, const ByteSource& manifest) override;
  /// Simulated files are small.
  Result<std::vector<std::string>> large(const std::string&) override { return std::vector<std::string>{}; }
  Result<> signatures(const std::string&, const std::vector<std::string>&, const ByteSink&) override { return {}; }
  Result<EmitReport> emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                          const ByteSink& sink) override;
  Result<std::unique_ptr<ApplyStream>> apply(const std::string& set) override;
  Result<> accept(const std::string& set, const std::vector<std::string>& paths) override;
  Result<std::string> digest(const std::string& set) override;
  Result<Millis> freeze(const std::vector<std::string>& sets, Millis ttl) override;
  Result<bool> thaw() override;
  Result<> sync(const std::vector<std::string>& sets) override;

 private:
  friend class SimApplyStream;
  Result<Domain*> guest();
  Result<Capture*> capture(const std::string& set);
  Result<Target*> target(const std::string& set);
  Result<ApplyReport> apply_round(const std::string& set, const std::string& bytes);

  World& world_;
  MachineRef machine_;
  std::string run_;
};

/// Can the guest agent be asked? Errors: not_found, unreachable.
[[nodiscard]] Result<Domain*> guest_with_agent(World& world, const MachineRef& machine);
[[nodiscard]] bool has_helper(World& world, const MachineRef& machine, const std::string& run);

/// The domain of a run's helper. Waits for a guest that boots, and puts the helper in place again where a boot or a
/// kill took it away: it comes back with nothing that it knew. Errors: unreachable.
[[nodiscard]] Result<Domain*> guest_with_helper(World& world, const MachineRef& machine, const std::string& run);

/// The two ends of a round: what the source takes, and what the target does with it.
struct Taken {
  std::vector<Record> records;
  EmitReport report;
};
[[nodiscard]] Taken take_round(const Tree& tree, const Helper& helper, const Capture& capture, RoundMode mode,
                               const std::map<std::string, Held>& theirs);
/// Notes a round as carried.
void mark_taken(const Tree& tree, Capture& capture, const Taken& taken, RoundMode mode);
[[nodiscard]] std::string digest_of(const Tree& tree, const Helper& helper, const Capture& capture);
[[nodiscard]] std::string digest_of(const Target& target);
[[nodiscard]] ApplyReport apply_records(World& world, Domain& domain, Target& target,
                                        const std::vector<Record>& records);

/// Visits what a set has now: `visit(relative path, node)`.
template <typename Visit>
void each_path(const Tree& tree, const FileSet& set, Visit visit) {
  const std::size_t skip = set.root.size() + 1;
  for (auto at = tree.lower_bound(set.root + "/"); at != tree.end() && is_below(at->first, set.root); ++at)
    if (auto path = at->first.substr(skip); belongs(set, path)) visit(path, at->second);
}

}  // namespace moult::sim
