#include "migration/files_strategy.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include "migration/vendor_output.hpp"

namespace moult {
namespace {

constexpr int kBaselineTries = 5;

Result<GuestFiles*> files_of(const SessionOf& side) {
  MOULT_ASSIGN(GuestSession * session, side());
  return &session->files();
}

ByteSource read_bytes(const std::vector<std::byte>& bytes, std::size_t& position) {
  return [&bytes, &position](std::span<std::byte> into) -> Result<std::size_t> {
    const auto count = std::min(into.size(), bytes.size() - position);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(position), count, into.begin());
    position += count;
    return count;
  };
}

ByteSink append_to(std::vector<std::byte>& bytes) {
  return [&bytes](Bytes more) -> Result<> {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  };
}

std::string nul_joined(const std::vector<std::string>& paths) {
  std::string text;
  for (const auto& path : paths) text.append(path).push_back('\0');
  return text;
}

}  // namespace

Result<> FilesStrategy::start_capture() {
  MOULT_ASSIGN(auto* source, files_of(setup_.source));
  MOULT_TRY(source->start_capture({setup_.set}));
  return setup_.compared ? take_baseline(*source) : Result<>{};
}

/// The source compares itself with itself: from here on a scan finds what changes, and nothing that is equal is
/// carried. What changed while it looked would count as carried without having been, so it looks again.
Result<> FilesStrategy::take_baseline(GuestFiles& source) {
  for (int attempt = 0; attempt < kBaselineTries; ++attempt) {
    MOULT_TRY(source.open_target(setup_.set));
    std::vector<std::byte> manifest;
    MOULT_TRY(source.manifest(name(), append_to(manifest)));
    std::size_t position = 0;
    MOULT_ASSIGN(const auto seen, source.emit(name(), RoundMode::reconcile, read_bytes(manifest, position),
                                              [](Bytes) -> Result<> { return {}; }));
    if (seen.paths == 0 && seen.deletions == 0) return {};
  }
  reconciled_ = false;  // too busy for a baseline: the first round compares both sides whole
  return {};
}

Result<bool> FilesStrategy::keep_capture() {
  MOULT_ASSIGN(auto* source, files_of(setup_.source));
  const auto known = source->pending(name());
  if (known) return false;
  if (known.error().code != Code::not_found) return Unexpected(known.error());
  reconciled_ = unproven_ = false;
  MOULT_TRY(source->start_capture({setup_.set}));
  return true;
}

Result<> FilesStrategy::open_target() {
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  return target->open_target(setup_.set);
}

Result<> FilesStrategy::close_target() {
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  return target->close_target(name());
}

Result<> FilesStrategy::save_target() {
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  std::ofstream file(setup_.spool, std::ios::binary | std::ios::trunc);
  MOULT_TRY(target->manifest(name(), [&file](Bytes bytes) -> Result<> {
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return {};
  }));
  file.flush();
  if (!file) return fail(Code::io, "cannot write " + setup_.spool, "Free space in the state directory.");
  return {};
}

Result<> FilesStrategy::restore_target() {
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  std::ifstream file(setup_.spool, std::ios::binary);
  if (!file) return fail(Code::io, "cannot read " + setup_.spool);
  return target->restore_target(setup_.set, [&file](std::span<std::byte> into) -> Result<std::size_t> {
    file.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
    return static_cast<std::size_t>(file.gcount());
  });
}

Result<> FilesStrategy::migrate(const std::vector<std::string>& paths) {
  if (setup_.migrate.empty()) return {};
  MOULT_ASSIGN(GuestSession * target, setup_.target());
  Command command;
  command.argv = setup_.migrate;
  command.env["MOULT_DATA_ROOT"] = setup_.set.root;
  command.env["MOULT_DATA_SET"] = name();
  command.input = nul_joined(paths);
  command.timeout = setup_.command_timeout;
  auto outcome = target->access().run(command);
  if (!outcome) return pass(std::move(outcome), "migrate " + name());
  if (!outcome->good())
    return fail(Code::failed,
                "data set " + name() + ": " + setup_.migrate.front() + " ended with " +
                    std::to_string(outcome->exit_code) + ": " + last_line(outcome->err),
                "Mend the vendor's migrate command; the original still serves.");
  return target->files().accept(name(), paths);
}

Result<> FilesStrategy::migrate_all() { return migrate({}); }

Result<> FilesStrategy::take_up() {
  reconciled_ = unproven_ = false;
  return migrate_all();
}

/// One round's records, from the source to the target.
Result<FilesStrategy::Sent> FilesStrategy::send_records(RoundMode mode, bool differences) {
  MOULT_ASSIGN(auto* source, files_of(setup_.source));
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  const auto begin = clock_.steady();
  std::vector<std::byte> known;
  if (mode == RoundMode::reconcile) MOULT_TRY(target->manifest(name(), append_to(known)));
  if (differences)
    MOULT_TRY(bases_.add_to(known, *source, *target, mode == RoundMode::reconcile));
  else
    bases_.forget();
  MOULT_ASSIGN(auto stream, target->apply(name()));
  std::size_t position = 0;
  Sent sent;
  // From here on the source may hold paths for carried that never arrived: whatever fails makes the next round compare
  // whole.
  reconciled_ = answered_ = false;
  MOULT_ASSIGN(sent.emitted, source->emit(name(), mode, read_bytes(known, position),
                                          [&stream](Bytes bytes) { return stream->write(bytes); }));
  MOULT_ASSIGN(sent.applied, stream->finish());
  unmigrated_.insert(unmigrated_.end(), sent.applied.paths.begin(), sent.applied.paths.end());
  bases_.met(sent.emitted, sent.applied);
  pace_.met(sent.emitted, std::chrono::duration_cast<Millis>(clock_.steady() - begin));
  return sent;
}

/// Files that changed on the target after their signature was taken go whole, at once: which they are the source no
/// longer knows, so that both sides are compared for it.
Result<FilesStrategy::Sent> FilesStrategy::send(RoundMode mode, bool differences) {
  MOULT_ASSIGN(auto sent, send_records(mode, differences));
  if (sent.applied.stale.empty()) return sent;
  MOULT_ASSIGN(auto whole, send_records(RoundMode::reconcile, false));
  whole.emitted.paths += sent.emitted.paths;
  whole.emitted.bytes += sent.emitted.bytes;
  whole.emitted.deletions += sent.emitted.deletions;
  whole.emitted.scanned = sent.emitted.scanned;
  whole.emitted.scan_reason = sent.emitted.scan_reason;
  whole.applied.kept.insert(whole.applied.kept.end(), sent.applied.kept.begin(), sent.applied.kept.end());
  return whole;
}

Result<> FilesStrategy::migrate_sent(bool was_answered) {
  if (!was_answered)
    MOULT_TRY(migrate_all());
  else if (!unmigrated_.empty())
    MOULT_TRY(migrate(unmigrated_));
  unmigrated_.clear();
  answered_ = true;
  return {};
}

Result<RoundReport> FilesStrategy::carry(RoundMode mode, bool differences) {
  const auto begin = clock_.steady();
  const bool was_reconciled = reconciled_, was_answered = answered_;
  MOULT_ASSIGN(auto sent, send(mode, differences));
  const auto carried = clock_.steady();
  MOULT_TRY(migrate_sent(was_answered));
  reconciled_ = (was_reconciled || mode == RoundMode::reconcile) && sent.applied.stale.empty();
  RoundReport report;
  report.number = ++rounds_;
  report.paths = sent.emitted.paths;
  report.bytes = sent.emitted.bytes;
  report.deletions = sent.emitted.deletions;
  report.scanned = sent.emitted.scanned;
  report.scan_reason = sent.emitted.scan_reason;
  report.conflicts = std::move(sent.applied.conflicts);
  report.kept = std::move(sent.applied.kept);
  report.migrate = std::chrono::duration_cast<Millis>(clock_.steady() - carried);
  report.took = std::chrono::duration_cast<Millis>(clock_.steady() - begin);
  return report;
}

/// Where nothing was compared because both sides were equal, only the events tell what the target has since and the
/// source has no more: when they were lost before the first round, both sides are compared after all.
Result<> FilesStrategy::prove_baseline() {
  if (!std::exchange(unproven_, false) || !reconciled_) return {};
  MOULT_ASSIGN(const auto first, carry(RoundMode::events, true));
  reconciled_ = first.scan_reason.empty();
  return {};
}

/// A helper that no longer knows the set is a capture that failed, nothing that somebody named wrongly.
Error FilesStrategy::about(Error error) const {
  if (error.code == Code::not_found) error.code = Code::failed;
  return std::move(error).within("data set " + name());
}

Result<RoundReport> FilesStrategy::carry_named(RoundMode mode, bool differences) {
  if (auto proven = prove_baseline(); !proven) return Unexpected(about(std::move(proven).error()));
  auto report = carry(reconciled_ ? mode : RoundMode::reconcile, differences);
  if (!report) return Unexpected(about(std::move(report).error()));
  return report;
}

Result<RoundReport> FilesStrategy::carry_and_prepare(RoundMode mode) {
  auto report = carry_named(mode, true);
  if (!report) return report;
  if (auto target = files_of(setup_.target)) bases_.fetch_ahead(**target);
  return report;
}

Result<RoundReport> FilesStrategy::round() { return carry_and_prepare(RoundMode::events); }

Result<RoundReport> FilesStrategy::thorough_round() { return carry_and_prepare(RoundMode::scan); }

Result<Pending> FilesStrategy::pending() {
  MOULT_ASSIGN(auto* source, files_of(setup_.source));
  auto pending = source->pending(name());
  if (!pending) return Unexpected(about(std::move(pending).error()));
  return pending;
}

/// Events, and what is held for writing: under a freeze nothing else can have changed (files/held_files.hpp). Clients
/// wait, so that what takes less time is worth more than what moves less.
Result<RoundReport> FilesStrategy::last_round() { return carry_named(RoundMode::events, pace_.pays()); }

Result<> FilesStrategy::make_durable() {
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  return target->sync({name()});
}

Result<Verification> FilesStrategy::verify() {
  MOULT_ASSIGN(auto* source, files_of(setup_.source));
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  Verification verification;
  const auto ask = [this](GuestFiles& side, std::string& answer) -> Result<> {
    MOULT_ASSIGN(answer, side.digest(name()));
    return {};
  };
  MOULT_TRY(workers_.all(
      {[&] { return ask(*source, verification.source); }, [&] { return ask(*target, verification.target); }}));
  verification.equal = verification.source == verification.target;
  return verification;
}

Result<Comparison> FilesStrategy::compare_some() {
  if (!reconciled_ || unproven_) return Comparison{0, 0, {}, false};  // the next round compares everything
  MOULT_ASSIGN(auto* source, files_of(setup_.source));
  MOULT_ASSIGN(auto* target, files_of(setup_.target));
  MOULT_ASSIGN(auto stream, target->apply(name()));
  const auto nothing = [](std::span<std::byte>) -> Result<std::size_t> { return 0; };
  auto emitted =
      source->emit(name(), RoundMode::compare, nothing, [&stream](Bytes bytes) { return stream->write(bytes); });
  if (!emitted) return Unexpected(about(std::move(emitted).error()));
  // What the target finds to differ it takes for uncarried: where its answer is lost, the next round compares whole
  // too.
  reconciled_ = false;
  auto compared = stream->finish();
  if (!compared) return Unexpected(about(std::move(compared).error()));
  reconciled_ = compared->differing.empty();
  return Comparison{emitted->paths, emitted->bytes, std::move(compared->differing), emitted->finished};
}

}  // namespace moult
