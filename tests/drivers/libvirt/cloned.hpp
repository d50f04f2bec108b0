#pragma once

#include <string>
#include <vector>

#include "lab_world.hpp"

namespace moult::lab {

inline constexpr const char* kRun = "labtest";
[[nodiscard]] inline double ms(Millis spent) { return static_cast<double>(spent.count()); }

/// A run's clone of the lab's machine, and the way back.
struct Cloned {
  LibvirtParts parts;
  MachineRef original = lab::original();
  MachineRef clone = parts.cloner().clone_of(kRun, original);
  std::string persistent_before;
  MachineFacts facts_before;
  Cloned();
  ~Cloned();
  Cloned(const Cloned&) = delete;
  Cloned& operator=(const Cloned&) = delete;
  /// Discards the clone, restores the original's place and chain, removes the networks.
  void back();
};

/// Powers these off and undefines them, whichever exist.
void give_up_machines(LibvirtParts& parts, const std::vector<MachineRef>& machines);

}  // namespace moult::lab
