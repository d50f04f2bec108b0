#pragma once

#include <string>

#include "drivers/entry.hpp"

namespace moult {

/// Nothing in front: clients see the switch itself.
class NoneEntry final : public Entry {
 public:
  explicit NoneEntry(const EntrySpec& spec) : check_url_(spec.check_url) {}
  [[nodiscard]] bool can_hold() const override { return false; }
  Result<> ready(Millis ttl) override;
  Result<> hold(Millis ttl) override;
  Result<> drain(Millis deadline) override;
  Result<> release() override;
  Result<EntryState> where() override;
  Result<> check(Millis deadline) override;

 private:
  std::string check_url_;
};

}  // namespace moult
