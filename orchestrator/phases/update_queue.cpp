#include "orchestrator/phases/update_queue.hpp"

#include <algorithm>

namespace moult {

UpdateQueue::UpdateQueue(std::vector<Item> items) : items_(std::move(items)) {
  for (const auto& item : items_) waiting_.insert(item.component);
}

bool UpdateQueue::may_start(const Item& item) const {
  const bool first = std::none_of(item.after.begin(), item.after.end(),
                                  [this](const auto& before) { return waiting_.contains(before); });
  if (!first) return false;
  return std::all_of(running_.begin(), running_.end(), [&item](const auto& entry) {
    return entry.second.machine != item.machine || (entry.second.parallel && item.parallel);
  });
}

std::optional<std::string> UpdateQueue::take(const std::string& machine) {
  const auto next = std::find_if(items_.begin(), items_.end(),
                                 [&](const Item& item) { return item.machine == machine && may_start(item); });
  if (next == items_.end()) return std::nullopt;
  auto item = std::move(*next);
  items_.erase(next);
  auto name = item.component;
  running_.emplace(name, std::move(item));
  return name;
}

void UpdateQueue::done(const std::string& component) {
  running_.erase(component);
  waiting_.erase(component);
}

std::vector<std::string> UpdateQueue::ready_machines() const {
  std::vector<std::string> machines;
  std::set<std::string> taken;
  for (const auto& item : items_) {
    if (!may_start(item)) continue;
    if (!item.parallel && taken.contains(item.machine)) continue;
    taken.insert(item.machine);
    machines.push_back(item.machine);
  }
  return machines;
}

}  // namespace moult
