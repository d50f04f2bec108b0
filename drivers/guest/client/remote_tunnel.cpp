#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/protocol/bulk.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;

constexpr Millis kAnswer = 30s;  // the helper gives a connect up before

Error out_of_turn(const char* what) {
  return {
      Code::invalid, std::string("the guest's helper sends ") + what + " out of turn", {}, {}, Disposition::ambiguous};
}

class RemoteEnd final : public TunnelEnd {
 public:
  explicit RemoteEnd(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

  Result<std::vector<std::byte>> receive() override {
    MOULT_ASSIGN(auto item, stream_->receive());
    if (item.kind == Stream::Item::Kind::finished) return std::vector<std::byte>{};
    if (item.kind == Stream::Item::Kind::bulk) return std::move(item.bytes);
    abort(out_of_turn("a message"));
    return Unexpected(out_of_turn("a message"));
  }
  Result<> send(Bytes bytes) override { return bytes.empty() ? Result<>{} : stream_->send_bulk(bytes); }
  Result<> finish() override { return stream_->finish(); }
  void abort(const Error& reason) override { stream_->abort(reason); }

 private:
  std::shared_ptr<Stream> stream_;
};

/// Opens the stream of one connection and waits until the helper has it.
Result<std::unique_ptr<TunnelEnd>> open_end(RemoteSession& session, Method method, View request,
                                            Millis most = kAnswer) {
  MOULT_ASSIGN(auto stream, session.call(method, request));
  MOULT_ASSIGN(const auto item, stream->receive(after(most)));
  if (item.kind != Stream::Item::Kind::message || !item.bytes.empty()) return Unexpected(out_of_turn("something"));
  return std::make_unique<RemoteEnd>(std::move(stream));
}

class RemoteListener final : public TunnelListener {
 public:
  RemoteListener(RemoteSession& session, std::shared_ptr<Stream> stream, int port)
      : session_(session), stream_(std::move(stream)), port_(port) {}

  [[nodiscard]] int port() const override { return port_; }
  Result<std::unique_ptr<TunnelEnd>> accept() override {
    for (;;) {
      MOULT_ASSIGN(const auto item, stream_->receive());
      if (item.kind != Stream::Item::Kind::message) return Unexpected(out_of_turn("something"));
      Reader reader(item.bytes);
      const auto number = reader.number("connection");
      MOULT_TRY(reader.end());
      auto end = open_end(session_, Method::accept_connection, Writer().number(number).bytes());
      if (end || end.error().code == Code::unreachable) return end;
    }  // it went away before it was fetched
  }
  void close() override { stream_->abort({Code::interrupted, "the tunnel was closed", {}, {}, Disposition::fail}); }

 private:
  RemoteSession& session_;
  std::shared_ptr<Stream> stream_;
  int port_;
};

class RemoteTunnel final : public GuestTunnel {
 public:
  explicit RemoteTunnel(RemoteSession& session) : session_(session) {}

  Result<std::unique_ptr<TunnelListener>> listen(int port) override {
    MOULT_ASSIGN(auto stream, session_.call(Method::listen, Writer().number(static_cast<std::uint64_t>(port)).bytes()));
    MOULT_ASSIGN(const auto item, stream->receive(after(kAnswer)));
    Reader reader(item.bytes);
    const auto got = reader.number("port", 65535);
    MOULT_TRY(reader.end());
    if (got == 0 || (port != 0 && got != static_cast<std::uint64_t>(port)))
      return Unexpected(out_of_turn("another port"));
    return std::make_unique<RemoteListener>(session_, std::move(stream), static_cast<int>(got));
  }

  Result<std::unique_ptr<TunnelEnd>> connect(int port) override {
    return open_end(session_, Method::connect, Writer().number(static_cast<std::uint64_t>(port)).bytes());
  }
  Result<StartedCommand> start(const Command& command) override {
    const auto number = fresh_nonce();  // another helper that takes this one's place knows no command of that number
    Writer request;
    write(request.number(number), command);
    MOULT_ASSIGN(auto end, open_end(session_, Method::start, request.bytes(), command.timeout));
    return StartedCommand{number, std::move(end)};
  }
  Result<> kill(std::uint64_t number) override {
    MOULT_TRY(session_.ask(Method::kill, Writer().number(number).bytes(), after(kAnswer)));
    return {};
  }

 private:
  RemoteSession& session_;
};

}  // namespace

std::unique_ptr<GuestTunnel> make_remote_tunnel(RemoteSession& session) {
  return std::make_unique<RemoteTunnel>(session);
}

}  // namespace moult::guest
