#include "drivers/guest/server/server.hpp"

#include <system_error>
#include <thread>

namespace moult::guest {

Server::~Server() {
  stop();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return working_ == 0; });
}

void Server::stop() {
  stopped_ = true;
  const std::lock_guard lock(mutex_);
  if (link_ != nullptr)
    link_->say_goodbye();
  else if (wire_ != nullptr)
    wire_->interrupt();
}

Server::End Server::serve(Wire& wire, std::chrono::milliseconds idle) {
  {
    const std::lock_guard lock(mutex_);
    wire_ = &wire;
  }
  auto end = End::closed;
  for (;;) {
    Token token;
    const auto call = stopped_ ? Call::interrupted : await_call(wire, self_, after(idle), token);
    end = stopped_ ? End::stopped : call == Call::deadline ? End::idle : End::closed;
    if (call != Call::accepted || stopped_) break;
    connection(wire, token);
  }
  const std::lock_guard lock(mutex_);
  wire_ = nullptr;
  return end;
}

void Server::connection(Wire& wire, Token token) {
  had_client_ = true;
  Link link(wire, token, [this](const std::shared_ptr<Stream>& stream) { accept(stream); }, {});
  {
    const std::lock_guard lock(mutex_);
    link_ = &link;
  }
  publish(token);
  if (stopped_) link.say_goodbye();
  link.wait();
  publish({});
  const std::lock_guard lock(mutex_);
  link_ = nullptr;
}

void Server::publish(Token token) {
  if (service_.legacy == nullptr) return;
  service_.legacy->tail = token.tail;
  service_.legacy->head = token.head;
}

void Server::accept(const std::shared_ptr<Stream>& stream) {
  {
    const std::lock_guard lock(mutex_);
    ++working_;
  }
  try {
    std::thread([this, stream] { work(stream); }).detach();
  } catch (const std::system_error&) {
    stream->abort({Code::busy, "the guest has no room for another thread", {}, {}, Disposition::retry});
    const std::lock_guard lock(mutex_);
    --working_;
  }
}

void Server::work(std::shared_ptr<Stream> stream) {
  const bool removed = answer(service_, *stream) && static_cast<Method>(stream->method()) == Method::remove;
  stream.reset();
  if (removed) stop();
  const std::lock_guard lock(mutex_);
  --working_;
  changed_.notify_all();
}

}  // namespace moult::guest
