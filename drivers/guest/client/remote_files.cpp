#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/protocol/bulk.hpp"
#include "drivers/guest/protocol/pulled.hpp"

namespace moult::guest {
namespace {

// What takes the guest no time, whatever its files. Scans, digests and rounds take theirs: the connection's own watch
// ends those when the guest is gone.
constexpr Millis kBrief{30'000};
constexpr Millis kBeyondLease{5'000};  // a freeze that is not confirmed by then has ended anyway

/// Records on their way to the helper's ApplyStream.
class RemoteApply : public ApplyStream {
 public:
  explicit RemoteApply(std::shared_ptr<Stream> stream) : stream_(std::move(stream)), records_(*stream_) {}
  Result<> write(Bytes records) override { return records_.write(records); }
  Result<ApplyReport> finish() override {
    MOULT_TRY(records_.flush());
    MOULT_TRY(stream_->finish());
    MOULT_ASSIGN(const auto reply, receive_reply(*stream_));
    return decode<ApplyReport>(reply);
  }

 private:
  const std::shared_ptr<Stream> stream_;  // given up half way, it aborts: the helper drops the round
  BulkSender records_;
};

class RemoteFiles : public GuestFiles {
 public:
  explicit RemoteFiles(RemoteSession& session) : session_(session) {}

  Result<> start_capture(const std::vector<FileSet>& sets) override {
    return tell(Method::start_capture, encode(sets));
  }
  Result<> stop_capture() override { return tell(Method::stop_capture, {}, after(kBrief)); }
  Result<Pending> pending(const std::string& set) override {
    MOULT_ASSIGN(const auto reply, session_.ask(Method::pending, Writer().text(set).bytes(), after(kBrief)));
    return decode<Pending>(reply);
  }
  Result<> open_target(const FileSet& set) override { return tell(Method::open_target, encode(set)); }
  Result<> close_target(const std::string& set) override {
    return tell(Method::close_target, Writer().text(set).take());
  }
  Result<> manifest(const std::string& set, const ByteSink& sink) override {
    MOULT_ASSIGN(const auto stream, session_.call(Method::manifest, Writer().text(set).bytes(), true));
    MOULT_TRY(receive_content(*stream, sink));
    return {};
  }
  Result<> restore_target(const FileSet& set, const ByteSource& manifest) override {
    MOULT_ASSIGN(const auto stream, session_.call(Method::restore_target, encode(set)));
    MOULT_TRY(send_all(*stream, manifest));
    MOULT_TRY(stream->finish());
    MOULT_TRY(receive_reply(*stream));
    return {};
  }
  Result<std::vector<std::string>> large(const std::string& set) override {
    MOULT_ASSIGN(const auto reply, session_.ask(Method::large, Writer().text(set).bytes()));
    Reader in(reply);
    auto paths = in.texts("path");
    MOULT_TRY(in.end());
    return paths;
  }
  Result<> signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) override {
    MOULT_ASSIGN(const auto stream, session_.call(Method::signatures, Writer().text(set).texts(paths).bytes(), true));
    MOULT_TRY(receive_content(*stream, sink));
    return {};
  }
  Result<EmitReport> emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                          const ByteSink& sink) override;
  Result<std::unique_ptr<ApplyStream>> apply(const std::string& set) override;
  Result<> accept(const std::string& set, const std::vector<std::string>& paths) override {
    return tell(Method::accept, Writer().text(set).texts(paths).take());
  }
  Result<std::string> digest(const std::string& set) override;
  Result<Millis> freeze(const std::vector<std::string>& sets, Millis ttl) override;
  Result<bool> thaw() override;
  Result<> sync(const std::vector<std::string>& sets) override {
    return tell(Method::sync, Writer().texts(sets).take());
  }

 private:
  Result<> tell(Method method, const Buffer& request, Moment deadline = Moment::max()) {
    MOULT_TRY(session_.ask(method, request, deadline));
    return {};
  }
  RemoteSession& session_;
};

Result<EmitReport> RemoteFiles::emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                                     const ByteSink& sink) {
  MOULT_ASSIGN(const auto stream,
               session_.call(Method::emit, Writer().text(set).number(static_cast<std::uint64_t>(mode)).bytes()));
  for (;;) {
    MOULT_ASSIGN(const auto item, stream->receive());
    if (item.kind == Stream::Item::Kind::bulk) {
      MOULT_TRY(hand_on(*stream, item.bytes, sink));
    } else if (item.kind == Stream::Item::Kind::message && asks_for_more(item.bytes)) {
      MOULT_TRY(send_piece(*stream, manifest));
    } else {
      MOULT_TRY(stream->finish());
      return decode<EmitReport>(item.bytes);
    }
  }
}

Result<std::unique_ptr<ApplyStream>> RemoteFiles::apply(const std::string& set) {
  MOULT_ASSIGN(auto stream, session_.call(Method::apply, Writer().text(set).bytes()));
  MOULT_TRY(stream->receive());  // the helper has opened the set
  return std::make_unique<RemoteApply>(std::move(stream));
}

Result<std::string> RemoteFiles::digest(const std::string& set) {
  MOULT_ASSIGN(const auto reply, session_.ask(Method::digest, Writer().text(set).bytes()));
  Reader in(reply);
  auto value = in.text("digest");
  MOULT_TRY(in.end());
  return value;
}

Result<Millis> RemoteFiles::freeze(const std::vector<std::string>& sets, Millis ttl) {
  Writer request;
  request.texts(sets);
  write_millis(request, ttl);
  MOULT_ASSIGN(const auto reply, session_.ask(Method::freeze, request.bytes(), after(ttl + kBeyondLease)));
  Reader in(reply);
  const auto took = read_millis(in, "duration");
  MOULT_TRY(in.end());
  return took;
}

Result<bool> RemoteFiles::thaw() {
  MOULT_ASSIGN(const auto reply, session_.ask(Method::thaw, {}, after(kBrief)));
  Reader in(reply);
  const bool held = in.flag("held");
  MOULT_TRY(in.end());
  return held;
}

}  // namespace

std::unique_ptr<GuestFiles> make_remote_files(RemoteSession& session) { return std::make_unique<RemoteFiles>(session); }

}  // namespace moult::guest
