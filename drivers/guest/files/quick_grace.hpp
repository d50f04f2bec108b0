#pragma once

namespace moult::files {

/// While one lives, the kernel makes haste with RCU grace periods (/sys/kernel/rcu_expedited), of which a freeze waits
/// for three and would wait 10 ms for each. What was set before is set again at the end; where it cannot be set,
/// nothing happens. One at a time.
class QuickGrace {
 public:
  QuickGrace();
  ~QuickGrace();
  QuickGrace(const QuickGrace&) = delete;
  QuickGrace& operator=(const QuickGrace&) = delete;
  /// The kernel's setting as it is.
  [[nodiscard]] static bool in_force();
  /// For whoever cleans up after a process that died while it held one.
  static void end();

 private:
  bool changed_ = false;
};

}  // namespace moult::files
