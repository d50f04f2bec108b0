#pragma once

#include <cstddef>
#include <functional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moult {

/// Which components may be updated next: decisions only, no effects. What it costs per component does not grow with
/// their number, but for a logarithm. Not thread-safe.
class UpdateQueue {
 public:
  struct Item {
    std::string component, machine;
    std::set<std::string> after;  ///< components of this queue that come first
    bool parallel = false;        ///< may run beside others on its machine
  };
  explicit UpdateQueue(const std::vector<Item>& items);
  UpdateQueue(UpdateQueue&&) = default;  // a copy would look into the original
  UpdateQueue(const UpdateQueue&) = delete;
  UpdateQueue& operator=(UpdateQueue&&) = delete;
  UpdateQueue& operator=(const UpdateQueue&) = delete;

  /// Takes all that may start now, on every machine, in the order given.
  [[nodiscard]] std::vector<std::string> take();
  void done(const std::string& component);
  [[nodiscard]] bool empty() const { return left_ == 0; }

 private:
  using Ready = std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>>;  ///< the first given first
  struct Machine {
    Ready alone, parallel;  ///< not taken, and all before them are done
    std::size_t running = 0, running_parallel = 0;
  };
  struct Entry {
    Machine* machine = nullptr;
    bool parallel = false;
    std::size_t before = 0;              ///< how many of those that come first are not done
    std::vector<std::size_t> followers;  ///< those that it comes before
  };

  void enter(const std::vector<Item>& items);
  void release(std::size_t index);
  void take_on(Machine& machine, std::vector<std::size_t>& taken);

  std::vector<std::string> names_;
  std::vector<Entry> entries_;                               ///< in the same order
  std::unordered_map<std::string_view, std::size_t> index_;  ///< by component, until it is done
  std::unordered_map<std::string, Machine> machines_;        ///< a reference to one stays good
  std::vector<Machine*> changed_;                            ///< on which something may start that could not before
  std::size_t left_ = 0;                                     ///< not done yet
};

}  // namespace moult
