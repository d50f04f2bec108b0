#include "orchestrator/phases/update_queue.hpp"

#include <algorithm>
#include <utility>

namespace moult {

UpdateQueue::UpdateQueue(const std::vector<Item>& items) : entries_(items.size()), left_(items.size()) {
  enter(items);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    for (const auto& name : items[i].after) {
      const auto first = index_.find(name);
      if (first == index_.end()) continue;
      ++entries_[i].before;
      entries_[first->second].followers.push_back(i);
    }
    if (entries_[i].before == 0) release(i);
  }
}

void UpdateQueue::enter(const std::vector<Item>& items) {
  names_.reserve(items.size());  // index_ looks into them
  index_.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    names_.push_back(items[i].component);
    index_.emplace(names_.back(), i);
    entries_[i].machine = &machines_[items[i].machine];
    entries_[i].parallel = items[i].parallel;
  }
}

void UpdateQueue::release(std::size_t index) {
  auto& machine = *entries_[index].machine;
  (entries_[index].parallel ? machine.parallel : machine.alone).push(index);
  changed_.push_back(&machine);
}

void UpdateQueue::take_on(Machine& machine, std::vector<std::size_t>& taken) {
  while (machine.running == machine.running_parallel) {
    const bool alone = machine.running == 0 && !machine.alone.empty() &&
                       (machine.parallel.empty() || machine.alone.top() < machine.parallel.top());
    auto& ready = alone ? machine.alone : machine.parallel;
    if (ready.empty()) return;
    taken.push_back(ready.top());
    ready.pop();
    ++machine.running;
    machine.running_parallel += alone ? 0 : 1;
  }
}

std::vector<std::string> UpdateQueue::take() {
  std::vector<std::size_t> taken;
  for (auto* machine : changed_) take_on(*machine, taken);
  changed_.clear();
  std::sort(taken.begin(), taken.end());
  std::vector<std::string> names;
  names.reserve(taken.size());
  for (const auto index : taken) names.push_back(names_[index]);
  return names;
}

void UpdateQueue::done(const std::string& component) {
  const auto found = index_.find(component);
  if (found == index_.end()) return;
  const auto& entry = entries_[found->second];
  index_.erase(found);
  --left_;
  --entry.machine->running;
  entry.machine->running_parallel -= entry.parallel ? 1 : 0;
  changed_.push_back(entry.machine);
  for (const auto follower : entry.followers)
    if (--entries_[follower].before == 0) release(follower);
}

}  // namespace moult
