#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "drivers/guest/files/local_files.hpp"
#include "drivers/guest_session.hpp"

namespace moult::test {

/// A side of a data set with real files, which remembers what it was asked.
class RecordedSide final : public GuestSession, public GuestFiles {
 public:
  explicit RecordedSide(LocalFilesOptions options = {}) : real_(make_local_files(std::move(options))) {}
  GuestAccess& access() override { throw std::logic_error("no command is run here"); }
  GuestFiles& files() override { return *this; }
  GuestTunnel& tunnel() override { throw std::logic_error("files need no tunnel"); }
  bool alive(Millis) override { return true; }
  Result<> announce() override { return {}; }
  Result<TcpConnections> connections() override { return TcpConnections{}; }
  Result<> tickle(const TcpConnections&) override { return {}; }
  Result<> remove() override { return {}; }

  Result<> start_capture(const std::vector<FileSet>& sets) override {
    return note("start_capture"), real_->start_capture(sets);
  }
  Result<> stop_capture() override { return real_->stop_capture(); }
  Result<Pending> pending(const std::string& set) override { return real_->pending(set); }
  Result<> open_target(const FileSet& set) override { return real_->open_target(set); }
  Result<> close_target(const std::string& set) override { return real_->close_target(set); }
  Result<> manifest(const std::string& set, const ByteSink& sink) override {
    return note("manifest"), real_->manifest(set, sink);
  }
  Result<> restore_target(const FileSet& set, const ByteSource& manifest) override {
    return real_->restore_target(set, manifest);
  }
  Result<std::vector<std::string>> large(const std::string& set) override { return note("large"), real_->large(set); }
  Result<> signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) override {
    return note("signatures"), real_->signatures(set, paths, sink);
  }
  Result<EmitReport> emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                          const ByteSink& sink) override {
    return note("emit"), real_->emit(set, mode, manifest, sink);
  }
  Result<std::unique_ptr<ApplyStream>> apply(const std::string& set) override {
    note("apply");
    MOULT_ASSIGN(auto stream, real_->apply(set));
    return std::make_unique<Answer>(std::move(stream), lose_answers);
  }
  Result<> accept(const std::string& set, const std::vector<std::string>& paths) override {
    return real_->accept(set, paths);
  }
  Result<std::string> digest(const std::string& set) override { return real_->digest(set); }
  Result<Millis> freeze(const std::vector<std::string>& sets, Millis ttl) override { return real_->freeze(sets, ttl); }
  Result<bool> thaw() override { return real_->thaw(); }
  Result<> sync(const std::vector<std::string>& sets) override { return real_->sync(sets); }

  /// What it was asked since the last time.
  std::vector<std::string> asked() { return std::exchange(asked_, {}); }
  std::function<void(const std::string&)> before;  ///< each call that is remembered
  bool lose_answers = false;                       ///< of rounds that were applied

 private:
  class Answer final : public ApplyStream {
   public:
    Answer(std::unique_ptr<ApplyStream> real, bool lost) : real_(std::move(real)), lost_(lost) {}
    Result<> write(Bytes records) override { return real_->write(records); }
    Result<ApplyReport> finish() override {
      auto report = real_->finish();
      if (lost_) return fail(Code::unreachable, "the answer is lost");
      return report;
    }

   private:
    std::unique_ptr<ApplyStream> real_;
    bool lost_;
  };
  void note(const std::string& call) {
    if (before) before(call);
    asked_.push_back(call);
  }
  std::unique_ptr<GuestFiles> real_;
  std::vector<std::string> asked_;
};

}  // namespace moult::test
