// Rounds of the sending side.
#include <cstdio>

#include "drivers/sim/files.hpp"

namespace moult::sim {
namespace {

/// The path's node, when the set has it.
const FileNode* node_at(const Tree& tree, const FileSet& set, const std::string& path) {
  const auto found = tree.find(set.root + "/" + path);
  return found == tree.end() ? nullptr : &found->second;
}

void take(Taken& taken, const std::string& path, const FileNode* node) {
  if (node == nullptr) {
    ++taken.report.deletions;
    taken.records.push_back({path, true, {}});
    return;
  }
  ++taken.report.paths;
  taken.report.bytes += node->content.size();
  taken.records.push_back({path, false, *node});
}

std::string why_scan(const Helper& helper, const Capture& capture) {
  if (!helper.capturing) return "capture is not running";
  return capture.overflow ? "queue overflow" : "";
}

using Paths = std::set<std::string, std::less<>>;

Paths noticed(const Capture& capture) {
  auto paths = capture.dirty;
  paths.insert(capture.held.begin(), capture.held.end());
  return paths;
}

/// What a scan finds beside what was noticed.
Paths scanned(const Tree& tree, const Capture& capture) {
  auto paths = noticed(capture);
  each_path(tree, capture.set, [&](const std::string& path, const FileNode& node) {
    const auto known = capture.stamps.find(path);
    if (known == capture.stamps.end() || known->second != node.stamp) paths.insert(path);
  });
  for (const auto& [path, stamp] : capture.stamps)
    if (node_at(tree, capture.set, path) == nullptr) paths.insert(path);
  return paths;
}

void take_all(const Paths& paths, const Tree& tree, const Capture& capture, Taken& taken) {
  for (const auto& path : paths)
    if (belongs(capture.set, path)) take(taken, path, node_at(tree, capture.set, path));
}

void take_different(const Tree& tree, const Capture& capture, const std::map<std::string, Held>& theirs, Taken& taken) {
  each_path(tree, capture.set, [&](const std::string& path, const FileNode& node) {
    const auto held = theirs.find(path);
    if (held == theirs.end() || held->second.carried || held->second.sum != sum_of(node)) take(taken, path, &node);
  });
  for (const auto& [path, held] : theirs)
    if (held.sum != 0 && belongs(capture.set, path) && node_at(tree, capture.set, path) == nullptr)
      take(taken, path, nullptr);
}

}  // namespace

Taken take_round(const Tree& tree, const Helper& helper, const Capture& capture, RoundMode mode,
                 const std::map<std::string, Held>& theirs) {
  Taken taken;
  if (mode == RoundMode::events) taken.report.scan_reason = why_scan(helper, capture);
  taken.report.scanned = mode != RoundMode::events || !taken.report.scan_reason.empty();
  if (mode == RoundMode::reconcile)
    take_different(tree, capture, theirs, taken);
  else
    take_all(taken.report.scanned ? scanned(tree, capture) : noticed(capture), tree, capture, taken);
  return taken;
}

void mark_taken(const Tree& tree, Capture& capture, const Taken& taken, RoundMode mode) {
  capture.dirty.clear();
  capture.held.clear();
  capture.overflow = false;
  if (mode == RoundMode::reconcile) {
    capture.carried.clear();
    capture.stamps.clear();
    each_path(tree, capture.set,
              [&](const std::string& path, const FileNode& node) { capture.stamps[path] = node.stamp; });
  }
  for (const auto& record : taken.records) {
    if (record.gone) {
      capture.carried.erase(record.path);
      capture.stamps.erase(record.path);
    } else {
      capture.carried[record.path] = sum_of(record.node);
      capture.stamps[record.path] = record.node.stamp;
    }
  }
}

namespace {

/// Sums of paths added up, so that their order does not matter and one path can be taken out again.
class SetSum {
 public:
  void add(const std::string& path, std::uint64_t sum) {
    std::uint64_t mixed = sum;
    for (const char c : path) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    mixed ^= mixed >> 29U;
    low_ += mixed * 0xbf58476d1ce4e5b9ULL;
    high_ += mixed * 0x94d049bb133111ebULL ^ sum;
    ++paths_;
  }
  [[nodiscard]] std::string text() const {
    char text[64];
    std::snprintf(text, sizeof text, "%016llx%016llx-%llu", static_cast<unsigned long long>(high_),
                  static_cast<unsigned long long>(low_), static_cast<unsigned long long>(paths_));
    return text;
  }

 private:
  std::uint64_t low_ = 0, high_ = 0, paths_ = 0;
};

}  // namespace

std::string digest_of(const Tree& tree, const Helper& helper, const Capture& capture) {
  const bool read_all = !why_scan(helper, capture).empty();
  SetSum sum;
  for (const auto& [path, carried] : capture.carried) {
    if (!read_all && capture.dirty.count(path) + capture.held.count(path) == 0) {
      sum.add(path, carried);
      continue;
    }
    if (const auto* node = node_at(tree, capture.set, path)) sum.add(path, sum_of(*node));
  }
  return sum.text();
}

std::string digest_of(const Target& target) {
  SetSum sum;
  for (const auto& [path, held] : target.held)
    if (held.carried) sum.add(path, held.sum);
  return sum.text();
}

}  // namespace moult::sim
