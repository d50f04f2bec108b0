#include "drivers/clock.hpp"

#include <fstream>
#include <thread>

namespace moult {
namespace {

class SystemClock final : public Clock {
 public:
  Steady steady() const override {
    return std::chrono::duration_cast<Steady>(std::chrono::steady_clock::now().time_since_epoch());
  }
  std::chrono::system_clock::time_point utc() const override { return std::chrono::system_clock::now(); }
  std::string era() const override {
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    return boot;
  }
  void sleep(Millis duration) override { std::this_thread::sleep_for(duration); }
};

}  // namespace

std::unique_ptr<Clock> make_system_clock() { return std::make_unique<SystemClock>(); }

}  // namespace moult
