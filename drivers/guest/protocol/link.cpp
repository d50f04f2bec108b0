#include "drivers/guest/protocol/link.hpp"

#include <vector>

namespace moult::guest {
namespace {

using namespace std::chrono_literals;

// The server sees a stream end a little later than the client that opens the next one.
constexpr std::size_t kAcceptedStreams = 2 * kMaxStreams;

Error lost(std::string why) { return {Code::unreachable, std::move(why), {}, {}, Disposition::ambiguous}; }

}  // namespace

Link::Link(Wire& wire, Token token, Accept accept, LinkOptions options)
    : wire_(wire),
      token_(token),
      accept_(std::move(accept)),
      options_(options),
      outlet_(std::make_shared<Outlet>(wire, token)),
      reader_([this] { read(); }),
      keeper_([this] { keep(); }) {}

Link::~Link() {
  close(lost("the connection to the guest's helper was closed"));
  reader_.join();
  keeper_.join();
  outlet_->shut();
  wire_.rearm();
}

Result<std::shared_ptr<Stream>> Link::open(std::uint8_t method, View request, bool whole) {
  while (live() >= kMaxStreams) {
    if (ended()) return Unexpected(nothing_asked());
    std::this_thread::sleep_for(2ms);
  }
  MOULT_ASSIGN(auto stream, open_in_order(method, request, whole));
  if (request.size() <= Stream::kSmallMessage) return stream;
  MOULT_TRY(stream->send_message(request));
  // Who stops may have answered and gone before hearing this; where there is no answer, receiving says why.
  if (whole) static_cast<void>(stream->finish());
  return stream;
}

/// With the request, if that is small: a long one waits for credit, and others must not wait for it.
Result<std::shared_ptr<Stream>> Link::open_in_order(std::uint8_t method, View request, bool whole) {
  const std::lock_guard ordered(opening_);
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (over_) return Unexpected(nothing_asked());
    stream = enter(++last_stream_, method);
  }
  MOULT_TRY(request.size() <= Stream::kSmallMessage ? stream->open(request, whole) : stream->open());
  return stream;
}

Error Link::nothing_asked() const {
  auto reason = ended().value_or(lost("the connection to the guest's helper broke"));
  if (reason.code == Code::unreachable) reason.disposition = Disposition::retry;
  return reason;
}

std::shared_ptr<Stream> Link::enter(std::uint32_t id, std::uint8_t method) {
  auto stream = std::make_shared<Stream>(outlet_, id, method, static_cast<bool>(accept_));
  // The user's own handle: when the last copy goes, the other end is told, by the user's thread and never by the
  // reader.
  std::shared_ptr<Stream> user(stream.get(), [stream](Stream*) { stream->hang_up(); });
  streams_[id] = {std::move(stream), user};
  return user;
}

bool Link::ping(Moment deadline) {
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = pongs_;
  }
  if (!outlet_->send({Kind::ping, 0, 0, {}}, deadline)) return false;
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return over_ || pongs_ != before; });
  return pongs_ != before && !over_;
}

void Link::close(Error reason) {
  outlet_->end(std::move(reason));
  wire_.interrupt();
}

void Link::say_goodbye() {
  outlet_->send({Kind::bye, 0, 0, {}}, after(500ms));
  close(lost("the guest's helper has stopped"));
}

void Link::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return over_; });
}

std::size_t Link::live() {
  const std::lock_guard lock(mutex_);
  return prune();
}

std::size_t Link::prune() {
  return std::erase_if(streams_, [](const auto& entry) { return entry.second.user.expired(); }), streams_.size();
}

void Link::read() {
  while (!ended() && read_more()) {
  }
  finish_streams();
}

bool Link::read_more() {
  const auto decoded = decode_frame(wire_.input(), token_);
  if (decoded.state == Decoded::State::malformed) {
    outlet_->end({Code::invalid,
                  std::string("the other end breaks the protocol: ") + decoded.why,
                  {},
                  {},
                  Disposition::ambiguous});
    return false;
  }
  if (decoded.state == Decoded::State::incomplete) {
    const auto got = wire_.fill(Moment::max());
    if (got == Wire::Got::closed) outlet_->end(lost("the connection to the guest's helper broke"));
    return got == Wire::Got::bytes || got == Wire::Got::deadline;
  }
  const char* wrong = handle(decoded.frame);
  wire_.consume(decoded.size);
  if (wrong == nullptr) return true;
  outlet_->end(
      {Code::invalid, std::string("the other end breaks the protocol: ") + wrong, {}, {}, Disposition::ambiguous});
  return false;
}

const char* Link::handle(const Frame& frame) {
  switch (frame.kind) {
    case Kind::open:
      return accept_stream(frame);
    case Kind::ping:
    case Kind::pong: {
      const std::lock_guard lock(mutex_);
      if (frame.kind == Kind::ping)
        pong_due_ = true;
      else
        ++pongs_;
      changed_.notify_all();
      return nullptr;
    }
    case Kind::bye:
      outlet_->end(lost("the guest's helper has stopped"));
      return nullptr;
    default:
      return pass_on(frame);
  }
}

const char* Link::accept_stream(const Frame& frame) {
  if (!accept_) return "a stream is opened by the wrong side";
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (frame.stream <= last_stream_) return "a stream number comes twice";
    if (prune() >= kAcceptedStreams) return "too many streams";
    last_stream_ = frame.stream;
    stream = enter(frame.stream, frame.flags);
  }
  accept_(std::move(stream));
  return nullptr;
}

const char* Link::pass_on(const Frame& frame) {
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (frame.stream > last_stream_) return "frame for a stream that was never opened";
    const auto found = streams_.find(frame.stream);
    if (found != streams_.end()) stream = found->second.stream;
  }
  return stream ? stream->deliver(frame) : nullptr;  // frames for a stream that is gone were under way when it went
}

void Link::finish_streams() {
  const auto reason = ended().value_or(lost("the connection to the guest's helper broke"));
  outlet_->end(reason);
  wire_.interrupt();
  std::vector<std::shared_ptr<Stream>> streams;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    for (const auto& [id, entry] : streams_) streams.push_back(entry.stream);
    changed_.notify_all();
  }
  for (const auto& stream : streams) stream->fail(reason);
}

void Link::keep() {
  std::optional<Moment> pinged;
  std::unique_lock lock(mutex_);
  while (!over_) {
    changed_.wait_for(lock, options_.ping_every, [this] { return over_ || pong_due_; });
    if (over_) return;
    const bool pong = std::exchange(pong_due_, false), watched = options_.silence > 0ms && prune() > 0;
    lock.unlock();
    if (pong) outlet_->send({Kind::pong, 0, 0, {}});
    if (watched && silence() >= options_.ping_every)
      watch(pinged);
    else
      pinged.reset();
    lock.lock();
  }
}

void Link::watch(std::optional<Moment>& pinged) {
  const auto now = std::chrono::steady_clock::now();
  // An answer that came at once is as old at this look as the time since the one before: it was an answer all the same.
  const bool answered = pinged && now - silence() >= *pinged;
  if (!pinged || answered) {
    pinged = now;
    outlet_->send({Kind::ping, 0, 0, {}}, after(options_.silence));
  } else if (now - *pinged > options_.silence && silence() > options_.silence) {
    close(lost("the guest's helper has fallen silent"));
  }
}

}  // namespace moult::guest
