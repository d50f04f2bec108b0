#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "drivers/guest_files.hpp"

namespace moult::test {

/// A GuestFiles that keeps everything in memory and writes down what it was asked.
class FakeFiles : public GuestFiles {
 public:
  Result<> start_capture(const std::vector<FileSet>& sets) override;
  Result<> stop_capture() override;
  Result<Pending> pending(const std::string& set) override;
  Result<> open_target(const FileSet& set) override;
  Result<> close_target(const std::string& set) override;
  Result<> manifest(const std::string& set, const ByteSink& sink) override;
  Result<> restore_target(const FileSet& set, const ByteSource& manifest) override;
  Result<std::vector<std::string>> large(const std::string& set) override;
  Result<> signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) override;
  Result<EmitReport> emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                          const ByteSink& sink) override;
  Result<std::unique_ptr<ApplyStream>> apply(const std::string& set) override;
  Result<> accept(const std::string& set, const std::vector<std::string>& paths) override;
  Result<std::string> digest(const std::string& set) override;
  Result<Millis> freeze(const std::vector<std::string>& sets, Millis ttl) override;
  Result<bool> thaw() override;
  Result<> sync(const std::vector<std::string>& sets) override;

  /// Calls so far, one line each.
  std::vector<std::string> calls();

  std::string records;   ///< what emit gives and what manifest gives
  std::string received;  ///< what a manifest source or apply brought
  bool frozen = false;
  std::atomic<unsigned> rounds_given_up{0};  ///< ApplyStreams destroyed before their finish

 private:
  friend class FakeApply;
  void note(std::string call);
  std::mutex mutex_;
  std::vector<std::string> calls_;
};

/// Reads a source to its end.
Result<std::string> drain(const ByteSource& source);
/// A source over a text that must outlive it.
ByteSource source_of(const std::string& text, std::size_t piece = 100'000);
/// A sink that appends to a text.
ByteSink sink_to(std::string& text);

}  // namespace moult::test
