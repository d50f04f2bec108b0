#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/protocol/bulk.hpp"

namespace moult::guest {
namespace {

// The helper itself ends a command at its timeout: only when it does not say so either, this side gives up.
constexpr Millis kBeyondTimeout{30'000};

class RemoteAccess : public GuestAccess {
 public:
  explicit RemoteAccess(RemoteSession& session) : session_(session) {}

  Result<Outcome> run(const Command& command) override {
    MOULT_ASSIGN(const auto reply, session_.ask(Method::run, encode(command), after(command.timeout + kBeyondTimeout)));
    return decode<Outcome>(reply);
  }

  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& content) override {
    MOULT_ASSIGN(const auto stream, session_.call(Method::put, Writer().text(path).number(mode).bytes()));
    MOULT_TRY(send_all(*stream, content));
    MOULT_TRY(stream->finish());
    MOULT_TRY(receive_reply(*stream));
    return {};
  }

  Result<> get(const std::string& path, const ByteSink& sink) override {
    MOULT_ASSIGN(const auto stream, session_.call(Method::get, Writer().text(path).bytes(), true));
    MOULT_TRY(receive_content(*stream, sink));
    return {};
  }

 private:
  RemoteSession& session_;
};

}  // namespace

std::unique_ptr<GuestAccess> make_remote_access(RemoteSession& session) {
  return std::make_unique<RemoteAccess>(session);
}

}  // namespace moult::guest
