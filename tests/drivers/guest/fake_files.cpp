#include "fake_files.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace moult::test {

class FakeApply : public ApplyStream {
 public:
  explicit FakeApply(FakeFiles& files) : files_(files) {}
  ~FakeApply() override {
    const std::lock_guard lock(files_.mutex_);
    if (!finished_) ++files_.rounds_given_up;
  }
  Result<> write(Bytes records) override {
    const std::string text(reinterpret_cast<const char*>(records.data()), records.size());
    if (text.find("no space") != std::string::npos) return fail(Code::no_space, "the target is full");
    const std::lock_guard lock(files_.mutex_);
    files_.received += text;
    return {};
  }
  Result<ApplyReport> finish() override {
    finished_ = true;
    ApplyReport report;
    report.applied = 7, report.unchanged = 6, report.deleted = 5, report.bytes = files_.received.size();
    report.paths = {"a", "dir/b"}, report.conflicts = {"c"}, report.kept = {"d", "e", ""};
    return report;
  }

 private:
  FakeFiles& files_;
  bool finished_ = false;
};

Result<std::string> drain(const ByteSource& source) {
  std::string all;
  std::vector<std::byte> buffer(50'000);
  for (;;) {
    MOULT_ASSIGN(const auto count, source(buffer));
    if (count == 0) return all;
    all.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
}

ByteSource source_of(const std::string& text, std::size_t piece) {
  return [&text, piece, at = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const auto count = std::min({into.size(), piece, text.size() - at});
    std::memcpy(into.data(), text.data() + at, count);
    at += count;
    return count;
  };
}

ByteSink sink_to(std::string& text) {
  return [&text](Bytes bytes) -> Result<> {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
}

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ",") + word;
  return all;
}

}  // namespace

void FakeFiles::note(std::string call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
}

std::vector<std::string> FakeFiles::calls() {
  const std::lock_guard lock(mutex_);
  return calls_;
}

Result<> FakeFiles::start_capture(const std::vector<FileSet>& sets) {
  for (const auto& set : sets) {
    std::string rules;
    for (const auto& rule : set.conflict)
      rules += rule.pattern + "=" + std::to_string(static_cast<int>(rule.rule)) + joined(rule.merge);
    note("start_capture " + set.name + " " + set.root + " +" + joined(set.include) + " -" + joined(set.exclude) + " " +
         rules);
  }
  return {};
}
Result<> FakeFiles::stop_capture() { return note("stop_capture"), Result<>(); }
Result<Pending> FakeFiles::pending(const std::string& set) {
  if (set != "notes") return fail(Code::not_found, "no such set: " + set, "declare it");
  return Pending{3, 4096, true};
}
Result<> FakeFiles::open_target(const FileSet& set) { return note("open_target " + set.name), Result<>(); }
Result<> FakeFiles::close_target(const std::string& set) { return note("close_target " + set), Result<>(); }
Result<std::vector<std::string>> FakeFiles::large(const std::string& set) {
  note("large " + set);
  return std::vector<std::string>{"a large one", "b"};
}

Result<> FakeFiles::signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) {
  note("signatures " + set + " " + joined(paths));
  return sink(std::as_bytes(std::span(records)));
}

Result<> FakeFiles::manifest(const std::string& set, const ByteSink& sink) {
  note("manifest " + set);
  return sink(std::as_bytes(std::span(records)));
}
Result<> FakeFiles::restore_target(const FileSet& set, const ByteSource& manifest) {
  note("restore_target " + set.name);
  MOULT_ASSIGN(received, drain(manifest));
  return {};
}
Result<EmitReport> FakeFiles::emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                                   const ByteSink& sink) {
  note("emit " + set + " " + std::to_string(static_cast<int>(mode)));
  // Content both ways at once, in small records, as a reconciling round does it.
  std::vector<std::byte> buffer(10'000);
  bool more = mode == RoundMode::reconcile;
  for (std::size_t at = 0; more || at < records.size();) {
    if (more) {
      MOULT_ASSIGN(const auto count, manifest(buffer));
      more = count > 0;
      received.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    const auto count = std::min<std::size_t>(777, records.size() - at);
    if (count > 0) MOULT_TRY(sink(std::as_bytes(std::span(records).subspan(at, count))));
    at += count;
  }
  return EmitReport{11, records.size(), 2, true, "queue overflow"};
}
Result<std::unique_ptr<ApplyStream>> FakeFiles::apply(const std::string& set) {
  if (set != "notes") return fail(Code::not_found, "no such set: " + set);
  return std::make_unique<FakeApply>(*this);
}
Result<> FakeFiles::accept(const std::string& set, const std::vector<std::string>& paths) {
  return note("accept " + set + " " + joined(paths)), Result<>();
}
Result<std::string> FakeFiles::digest(const std::string& set) { return "digest of " + set; }
Result<Millis> FakeFiles::freeze(const std::vector<std::string>& sets, Millis ttl) {
  note("freeze " + joined(sets) + " " + std::to_string(ttl.count()));
  frozen = true;
  return Millis(12);
}
Result<bool> FakeFiles::thaw() { return note("thaw"), std::exchange(frozen, false); }
Result<> FakeFiles::sync(const std::vector<std::string>& sets) { return note("sync " + joined(sets)), Result<>(); }

}  // namespace moult::test
