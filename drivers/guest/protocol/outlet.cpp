#include "drivers/guest/protocol/outlet.hpp"

#include <array>

namespace moult::guest {

bool Outlet::send(const Frame& frame, Moment deadline) {
  std::array<std::byte, kHeaderBytes> header{};
  std::array<std::byte, kTrailerBytes> trailer{};
  encode_header(header.data(), token_, frame, frame.payload.size());
  encode_trailer(trailer.data(), token_);
  iovec parts[] = {{header.data(), header.size()},
                   {const_cast<std::byte*>(frame.payload.data()), frame.payload.size()},
                   {trailer.data(), trailer.size()}};
  if (!lock_until(deadline)) return false;
  const std::lock_guard lock(writing_, std::adopt_lock);
  if (wire_ == nullptr || ended()) return false;
  if (wire_->write(std::span(parts), deadline)) return true;
  // A frame may have gone out in part: nothing may follow it.
  end({Code::unreachable, "the connection to the guest's helper broke", {}, {}, Disposition::ambiguous});
  wire_->interrupt();
  return false;
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
