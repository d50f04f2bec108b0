#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace moult {

/// Which component may be updated next on which machine: decisions only, no effects. Not thread-safe.
class UpdateQueue {
 public:
  struct Item {
    std::string component, machine;
    std::set<std::string> after;  ///< components of this queue that come first
    bool parallel = false;        ///< may run beside others on its machine
  };
  explicit UpdateQueue(std::vector<Item> items);

  /// Takes the next component that may start on a machine now, in the order given; nothing when none may.
  [[nodiscard]] std::optional<std::string> take(const std::string& machine);
  void done(const std::string& component);
  [[nodiscard]] bool empty() const { return items_.empty() && running_.empty(); }
  /// Machines on which something may start now, each as often as it may.
  [[nodiscard]] std::vector<std::string> ready_machines() const;

 private:
  [[nodiscard]] bool may_start(const Item& item) const;
  std::vector<Item> items_;
  std::map<std::string, Item> running_;
  std::set<std::string> waiting_;  ///< not done yet
};

}  // namespace moult
