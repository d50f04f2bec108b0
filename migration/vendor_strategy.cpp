#include "migration/vendor_strategy.hpp"

#include <algorithm>
#include <future>
#include <utility>

namespace moult {
namespace {

constexpr Millis kResumeMost{60000};

}  // namespace

Result<HookSide> VendorStrategy::side(const SessionOf& side) const {
  MOULT_ASSIGN(GuestSession * session, side());
  HookSide commands(setup_.set, session->access());
  if (is_fenced()) commands.set_most(patience());
  return commands;
}

Millis VendorStrategy::patience() const {
  if (!is_fenced()) return setup_.set.timeout;
  return std::min(setup_.set.timeout, std::chrono::duration_cast<Millis>(fence_ends_ - clock_.steady()));
}

std::uint64_t VendorStrategy::next_number() {
  const auto now = std::chrono::duration_cast<Millis>(clock_.utc().time_since_epoch()).count();
  number_ = std::max(number_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(now, 1)));
  return number_;
}

Result<Pending> VendorStrategy::pending() {
  if (setup_.one_way)
    return fail(Code::refused, "data set " + name() + ": nothing notices what is written, for `reverse` is none");
  return last_;
}

Result<> VendorStrategy::fence(Millis ttl) {
  MOULT_ASSIGN(auto source, side(setup_.source));
  if (fence_ == 0) fence_ = next_number();  // also where `quiesce` fails: writers that it stopped are let go
  fence_ends_ = clock_.steady() + ttl;
  return source.quiesce(fence_, ttl);
}

Result<bool> VendorStrategy::unfence() {
  if (fence_ == 0) return true;
  const auto fence = std::exchange(fence_, 0);
  auto source = side(setup_.source);
  if (source) source->set_most(kResumeMost);
  auto held = source ? source->resume(fence) : Result<bool>(Unexpected(source.error()));
  if (held) return *held && clock_.steady() < fence_ends_;
  fence_ = fence;  // asked again, the answer is the same
  return held;
}

Result<> VendorStrategy::make_durable() {
  MOULT_ASSIGN(auto target, side(setup_.target));
  return target.sync();
}

/// Both at once: clients may be waiting.
Result<Verification> VendorStrategy::verify() {
  MOULT_ASSIGN(auto source, side(setup_.source));
  MOULT_ASSIGN(auto target, side(setup_.target));
  auto there = std::async(std::launch::async | std::launch::deferred, [&target] { return target.verify(); });
  auto here = source.verify();
  Verification verification;
  MOULT_ASSIGN(verification.target, there.get());
  MOULT_ASSIGN(verification.source, std::move(here));
  verification.equal = verification.source == verification.target;
  if (is_fenced() && !verification.equal) differed();
  return verification;
}

Result<> VendorStrategy::stop_capture() {
  MOULT_ASSIGN(auto source, side(setup_.source));
  return source.end();
}

}  // namespace moult
