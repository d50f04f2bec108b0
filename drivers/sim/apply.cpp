// Rounds of the receiving side.
#include "drivers/sim/files.hpp"
#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

/// One round at work on a target.
class Applier {
 public:
  Applier(World& world, Domain& domain, Target& target) : world_(world), domain_(domain), target_(target) {}

  void apply(const Record& record) {
    auto& held = target_.held[record.path];
    const auto* present = find(record.path);
    const std::uint64_t sum = record.gone ? 0 : sum_of(record.node);
    if ((present == nullptr ? 0 : sum_of(*present)) == sum ||
        (held.sum == sum && held.carried && !changed_here(held, present))) {
      ++report_.unchanged;
      return carry(record, held, sum, present == nullptr ? 0 : present->stamp);
    }
    if (!changed_here(held, present)) return put(record, held, sum);
    decide(record, held, sum);
  }

  ApplyReport report() {
    report_.conflicts.assign(target_.conflicts.begin(), target_.conflicts.end());
    return std::move(report_);
  }

 private:
  const FileNode* find(const std::string& path) {
    const auto& tree = world_.tree(domain_);
    const auto found = tree.find(target_.set.root + "/" + path);
    return found == tree.end() ? nullptr : &found->second;
  }
  static bool changed_here(const Held& held, const FileNode* present) {
    return (present == nullptr ? 0 : present->stamp) != held.stamp;
  }

  void carry(const Record& record, Held& held, std::uint64_t sum, std::uint64_t stamp) {
    held = {stamp, sum, !record.gone};
    target_.conflicts.erase(record.path);
  }

  void put(const Record& record, Held& held, std::uint64_t sum) {
    const auto path = target_.set.root + "/" + record.path;
    if (record.gone)
      world_.erase(domain_, path);
    else
      world_.write(domain_, path, record.node);
    ++(record.gone ? report_.deleted : report_.applied);
    report_.bytes += record.node.content.size();
    report_.paths.push_back(record.path);
    const auto* present = find(record.path);
    carry(record, held, sum, present == nullptr ? 0 : present->stamp);
  }

  /// Changed on both sides: the rule says what becomes of it. What is kept counts as carried, and stays the target's
  /// own change for the next round.
  void decide(const Record& record, Held& held, std::uint64_t sum) {
    const auto* rule = rule_for(target_.set, record.path);
    const auto kind = rule == nullptr ? ConflictRule::refuse : rule->rule;
    if (kind == ConflictRule::keep_original || (kind == ConflictRule::merge && merged(*rule)))
      return put(record, held, sum);
    if (kind == ConflictRule::keep_clone) {
      report_.kept.push_back(record.path);
      return carry(record, held, sum, held.stamp);
    }
    target_.conflicts.insert(record.path);
  }

  bool merged(const PatternRule& rule) {
    Command command;
    command.argv = rule.merge;
    const auto outcome = run_program(world_, domain_, command);
    return outcome && outcome->good();
  }

  World& world_;
  Domain& domain_;
  Target& target_;
  ApplyReport report_;
};

}  // namespace

ApplyReport apply_records(World& world, Domain& domain, Target& target, const std::vector<Record>& records) {
  Applier applier(world, domain, target);
  for (const auto& record : records) applier.apply(record);
  return applier.report();
}

}  // namespace moult::sim
