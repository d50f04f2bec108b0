#include "drivers/guest/protocol/outlet.hpp"

#include <array>
#include <vector>

namespace moult::guest {

bool Outlet::send(const Frame& frame, Moment deadline) {
  return send_together(std::span(&frame, 1), deadline) == Sent::whole;
}

Outlet::Sent Outlet::send_together(std::span<const Frame> frames, Moment deadline) {
  struct Around {
    std::array<std::byte, kHeaderBytes> header{};
    std::array<std::byte, kTrailerBytes> trailer{};
  };
  std::vector<Around> around(frames.size());
  std::vector<iovec> parts;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto& payload = frames[i].payload;
    encode_header(around[i].header.data(), token_, frames[i], payload.size());
    encode_trailer(around[i].trailer.data(), token_);
    parts.push_back({around[i].header.data(), kHeaderBytes});
    if (!payload.empty()) parts.push_back({const_cast<std::byte*>(payload.data()), payload.size()});
    parts.push_back({around[i].trailer.data(), kTrailerBytes});
  }
  if (!lock_until(deadline)) return Sent::nothing;
  const std::lock_guard lock(writing_, std::adopt_lock);
  if (wire_ == nullptr || ended()) return Sent::nothing;
  bool begun = false;
  if (wire_->write(parts, deadline, &begun)) return Sent::whole;
  // A frame may have gone out in part: nothing may follow it.
  end({Code::unreachable, "the connection to the guest's helper broke", {}, {}, Disposition::ambiguous});
  wire_->interrupt();
  return begun ? Sent::part : Sent::nothing;
}

bool Outlet::lock_until(Moment deadline) {
  if (deadline == Moment::max()) return writing_.lock(), true;
  // By the system clock, since thread sanitizers do not know the steady clock's call; a jump only shifts a clean-up.
  return writing_.try_lock_until(std::chrono::system_clock::now() + (deadline - std::chrono::steady_clock::now()));
}

void Outlet::shut() {
  const std::lock_guard lock(writing_);
  wire_ = nullptr;
}

void Outlet::end(Error reason) {
  const std::lock_guard lock(ending_);
  if (!reason_) reason_ = std::move(reason);
}

std::optional<Error> Outlet::ended() const {
  const std::lock_guard lock(ending_);
  return reason_;
}

}  // namespace moult::guest
