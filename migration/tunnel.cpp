#include "migration/tunnel.hpp"

#include <chrono>

namespace moult {
namespace {

using namespace std::chrono_literals;

constexpr auto kAgain = 500ms;  // between tries to listen again

Error closed() { return {Code::interrupted, "the tunnel was closed", {}, {}, Disposition::fail}; }

}  // namespace

/// One connection: its two ends, and the thread that carries.
struct Tunnel::Joint {
  explicit Joint(std::unique_ptr<TunnelEnd> end) : here(std::move(end)) {}
  std::unique_ptr<TunnelEnd> here, there;  // `there` is guarded by the tunnel's mutex until it is set
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<bool> over = false;
  std::thread thread;
};

Tunnel::Tunnel(Setup setup) : setup_(std::move(setup)) {}

Result<std::unique_ptr<Tunnel>> Tunnel::open(Setup setup) {
  std::unique_ptr<Tunnel> tunnel(new Tunnel(std::move(setup)));
  MOULT_ASSIGN(GuestSession * from, tunnel->setup_.from());
  MOULT_ASSIGN(auto listener, from->tunnel().listen(tunnel->setup_.listen_port));
  tunnel->port_ = listener->port();
  tunnel->listener_ = listener.get();
  tunnel->server_ =
      std::thread([raw = tunnel.get(), first = std::move(listener)]() mutable { raw->serve(std::move(first)); });
  return tunnel;
}

Tunnel::~Tunnel() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    if (listener_ != nullptr) listener_->close();
    for (auto& joint : joints_) {
      joint->here->abort(closed());
      if (joint->there) joint->there->abort(closed());
    }
    changed_.notify_all();
  }
  if (server_.joinable()) server_.join();
  for (auto& joint : joints_) joint->thread.join();
}

std::optional<Error> Tunnel::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Tunnel::note(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(error);
}

/// False: closing.
bool Tunnel::pause() {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, kAgain, [this] { return closing_; });
}

void Tunnel::serve(std::unique_ptr<TunnelListener> listener) {
  while (listener) {
    take_all(*listener);
    {
      const std::lock_guard lock(mutex_);
      listener_ = nullptr;
    }
    listener.reset();
    listener = listen_again();
  }
}

void Tunnel::take_all(TunnelListener& listener) {
  for (;;) {
    auto end = listener.accept();
    if (!end) return note(end.error());
    sweep();
    join(std::move(*end));
  }
}

/// Nothing when closing.
std::unique_ptr<TunnelListener> Tunnel::listen_again() {
  while (pause()) {
    auto session = setup_.from();
    auto listener = session ? (*session)->tunnel().listen(port_)
                            : Result<std::unique_ptr<TunnelListener>>(Unexpected(session.error()));
    if (!listener) {
      note(listener.error());
      continue;
    }
    const std::lock_guard lock(mutex_);
    if (closing_) return nullptr;
    listener_ = listener->get();
    trouble_.reset();
    return std::move(*listener);
  }
  return nullptr;
}

void Tunnel::join(std::unique_ptr<TunnelEnd> end) {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  if (joints_.size() >= kMostConnections) {
    trouble_ = Error{Code::busy,
                     "more than " + std::to_string(kMostConnections) + " connections through the tunnel",
                     {},
                     {},
                     Disposition::fail};
    return;  // the end goes, and with it the connection
  }
  auto joint = std::make_unique<Joint>(std::move(end));
  joint->thread = std::thread([this, raw = joint.get()] { run(*raw); });
  joints_.push_back(std::move(joint));
}

/// Lets go of connections that are over.
void Tunnel::sweep() {
  std::list<std::unique_ptr<Joint>> over;
  const std::lock_guard lock(mutex_);
  for (auto at = joints_.begin(); at != joints_.end();) {
    const auto next = std::next(at);
    if ((*at)->over) over.splice(over.end(), joints_, at);
    at = next;
  }
  for (auto& joint : over) joint->thread.join();
}

void Tunnel::run(Joint& joint) {
  auto session = setup_.to();
  auto there = session ? (*session)->tunnel().connect(setup_.port)
                       : Result<std::unique_ptr<TunnelEnd>>(Unexpected(session.error()));
  if (!there) {
    note(there.error());
    joint.here->abort(there.error());
  } else {
    bool go_on = false;
    {
      const std::lock_guard lock(mutex_);
      joint.there = std::move(*there);
      trouble_.reset();
      go_on = !closing_;
    }
    ++connections_;
    if (go_on) {
      std::thread back([&] { static_cast<void>(carry(*joint.there, *joint.here, joint.bytes)); });
      static_cast<void>(carry(*joint.here, *joint.there, joint.bytes));
      back.join();
    }
  }
  over(joint);
}

void Tunnel::over(Joint& joint) {
  const std::lock_guard lock(mutex_);
  if (joint.bytes > 0 && (least_ == 0 || joint.bytes < least_)) least_ = joint.bytes.load();
  joint.over = true;
}

Result<> Tunnel::carry(TunnelEnd& from, TunnelEnd& to, std::atomic<std::uint64_t>& bytes) {
  for (;;) {
    auto piece = from.receive();
    if (!piece) {
      to.abort(piece.error());
      return pass(std::move(piece));
    }
    if (piece->empty()) return to.finish();
    if (auto sent = to.send(*piece); !sent) {
      from.abort(sent.error());
      return sent;
    }
    bytes_ += piece->size();
    bytes += piece->size();
  }
}

}  // namespace moult
