#pragma once

#include <string>
#include <string_view>

#include "descriptors/base/error.hpp"
#include "drivers/machine.hpp"
#include "migration/data_strategy.hpp"
#include "orchestrator/run_state.hpp"

namespace moult {

/// Watches a run, for a person. Every method returns quickly and may be called from any thread. The default does
/// nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void run_began(const std::string& /*run*/, const std::string& /*appliance*/, const std::string& /*release*/) {
  }
  virtual void state_changed(RunState /*state*/) {}
  virtual void step_began(std::string_view /*step*/, const std::string& /*subject*/) {}
  /// `error` is null when the step succeeded.
  virtual void step_ended(std::string_view /*step*/, const std::string& /*subject*/, Millis /*took*/,
                          const Error* /*error*/) {}
  virtual void round_ended(const std::string& /*set*/, const RoundReport& /*round*/, Millis /*forecast*/) {}
  /// A part of the cutover, in the order in which they happen.
  virtual void cutover_part(std::string_view /*part*/, double /*milliseconds*/) {}
  virtual void note(const std::string& /*text*/) {}
  virtual void warn(const std::string& /*text*/) {}
};

}  // namespace moult
