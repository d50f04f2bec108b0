#include "orchestrator/throttle.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace moult {
namespace {

using nlohmann::json;

constexpr std::string_view kKey = "throttle.";  ///< and the machine's name; an empty value: it is not slowed
constexpr double kHalf = 0.5;
constexpr std::uint64_t kTrial = 1'000'000'000'000;  ///< bytes a second that no disk comes to

/// What the journal keeps of a machine that is slowed.
struct Kept {
  std::string before;
  std::uint64_t bytes_per_second = 0;
};

std::string key_of(const std::string& machine) { return std::string(kKey) + machine; }

std::string to_text(const Kept& kept) {
  return json{{"before", kept.before}, {"bytes_per_second", kept.bytes_per_second}}.dump();
}

Result<std::optional<Kept>> kept_of_text(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    const auto tree = json::parse(text);
    return Kept{tree.at("before").get<std::string>(), tree.at("bytes_per_second").get<std::uint64_t>()};
  } catch (const json::exception& error) {
    return fail(Code::invalid, std::string("the journal's disk limits of this run cannot be read: ") + error.what(),
                "`virsh blkdeviotune` shows and changes the limits of a domain's disks.");
  }
}

Result<std::optional<Kept>> kept_of(RunContext& run, const MachinePair& pair) {
  auto value = run.world.store.journal().value(run.id(), key_of(pair.original.name));
  if (!value && value.error().code == Code::not_found) return std::nullopt;
  if (!value) return Unexpected(std::move(value).error());
  return kept_of_text(*value);
}

/// What the limits were before the run: another process may have left the machine slowed.
Result<Kept> kept_or_found(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(auto kept, kept_of(run, pair));
  if (kept) return *std::move(kept);
  Kept found;
  MOULT_ASSIGN(found.before, run.platform().throttle().limits(pair.original));
  return found;
}

std::string facts_of(const MachinePair& pair, const Kept& kept) {
  return json{{"machine", pair.original.name}, {"bytes_per_second", kept.bytes_per_second}, {"before", kept.before}}
      .dump();
}

Result<> keep(RunContext& run, const MachinePair& pair, const std::string& value) {
  return run.world.store.journal().put_value(run.id(), key_of(pair.original.name), value);
}

bool has_data(const RunContext& run, const MachinePair& pair) {
  const auto& sets = run.work.plan.data;
  return std::any_of(sets.begin(), sets.end(), [&](const auto& set) { return set.machine == pair.original.name; });
}

/// A limit that slows nothing, on record as any other; what was there is put back also where the answer was lost.
Result<> try_throttle(RunContext& run, const MachinePair& pair) {
  auto& disks = run.platform().throttle();
  MOULT_ASSIGN(auto kept, kept_or_found(run, pair));
  kept.bytes_per_second = kTrial;
  MOULT_TRY(keep(run, pair, to_text(kept)));
  auto limited = disks.limit(pair.original, kept.bytes_per_second, kept.before);
  MOULT_TRY(disks.restore(pair.original, kept.before));
  MOULT_TRY(keep(run, pair, {}));
  return limited;
}

}  // namespace

std::optional<std::uint64_t> next_limit(double from, double load, std::uint64_t floor) {
  const double wanted = from * std::min(kHalf, load > 0 ? kHalf / load : kHalf);
  const auto next = std::max(static_cast<std::uint64_t>(std::max(wanted, 0.0)), floor);
  if (static_cast<double>(next) >= from) return std::nullopt;
  return next;
}

Result<Throttles> throttles_of(Journal& journal, const std::string& run) {
  MOULT_ASSIGN(const auto values, journal.values(run));
  Throttles throttles;
  for (auto at = values.lower_bound(std::string(kKey)); at != values.end() && at->first.starts_with(kKey); ++at) {
    MOULT_ASSIGN(const auto kept, kept_of_text(at->second));
    if (kept) throttles[at->first.substr(kKey.size())] = kept->bytes_per_second;
  }
  return throttles;
}

Result<> throttle(RunContext& run, const MachinePair& pair, std::uint64_t bytes_per_second) {
  MOULT_ASSIGN(auto kept, kept_or_found(run, pair));
  kept.bytes_per_second = bytes_per_second;
  MOULT_TRY(keep(run, pair, to_text(kept)));
  MOULT_TRY(run.platform().throttle().limit(pair.original, bytes_per_second, kept.before));
  return run.ledger.record("data.throttled", facts_of(pair, kept));
}

Result<> lift_throttle(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(const auto kept, kept_of(run, pair));
  if (!kept) return {};
  auto restored = run.platform().throttle().restore(pair.original, kept->before);
  if (!restored)
    return pass(std::move(restored), "the disks of " + pair.original.name + " are slowed to " +
                                         std::to_string(kept->bytes_per_second) + " bytes a second still");
  return run.world.store.atomically([&]() -> Result<> {
    MOULT_TRY(keep(run, pair, {}));
    return run.ledger.record("data.unthrottled", facts_of(pair, *kept));
  });
}

Result<Throttles> lift_throttles(RunContext& run) {
  MOULT_ASSIGN(auto throttles, throttles_of(run.world.store.journal(), run.id()));
  for (const auto& pair : run.machines())
    if (throttles.count(pair.original.name) != 0) MOULT_TRY(lift_throttle(run, pair));
  return throttles;
}

Result<> throttle_again(RunContext& run, const Throttles& limits) {
  for (const auto& [machine, bytes_per_second] : limits)
    MOULT_TRY(throttle(run, run.machine(machine), bytes_per_second));
  return {};
}

Result<> check_throttle(RunContext& run) {
  if (!run.work.options.throttle) return {};
  for (const auto& pair : run.machines()) {
    if (!has_data(run, pair)) continue;
    auto tried = try_throttle(run, pair);
    if (tried) continue;
    auto& error = tried.error();
    if (error.code == Code::failed) error.code = Code::refused;
    if (error.remedy.empty()) error.remedy = "Without --throttle the disks of the originals are not slowed.";
    return pass(std::move(tried), "--throttle: machine " + pair.original.name);
  }
  return {};
}

}  // namespace moult
