#include "drivers/guest/protocol/messages.hpp"

namespace moult::guest {
namespace {

constexpr std::uint64_t kMostMillis = 366ULL * 24 * 3600 * 1000;

void write(Writer& out, const PatternRule& value) {
  out.text(value.pattern).number(static_cast<std::uint64_t>(value.rule)).texts(value.merge);
}

void read(Reader& in, PatternRule& value) {
  value.pattern = in.text("pattern");
  value.rule = static_cast<ConflictRule>(in.number("rule", static_cast<std::uint64_t>(ConflictRule::merge)));
  value.merge = in.texts("merge command");
}

}  // namespace

Millis read_millis(Reader& in, const char* what) { return Millis(in.number(what, kMostMillis)); }

void write(Writer& out, const Command& value) {
  out.texts(value.argv).number(value.env.size());
  for (const auto& [name, text] : value.env) out.text(name).text(text);
  out.text(value.input);
  write_millis(out, value.timeout);
  out.number(value.output_limit);
}

void read(Reader& in, Command& value) {
  value.argv = in.texts("argument");
  for (auto left = in.count("environment"); left > 0 && in.good(); --left) {
    auto name = in.text("variable");
    value.env[std::move(name)] = in.text("value");
  }
  value.input = in.text("input");
  value.timeout = read_millis(in, "timeout");
  value.output_limit = static_cast<std::size_t>(in.number("output limit"));
}

void write(Writer& out, const Outcome& value) {
  out.number(static_cast<std::uint64_t>(value.exit_code)).text(value.out).text(value.err).flag(value.truncated);
}

void read(Reader& in, Outcome& value) {
  value.exit_code = static_cast<int>(in.number("exit code", 255));
  value.out = in.text("output");
  value.err = in.text("errors");
  value.truncated = in.flag("truncated");
}

void write(Writer& out, const TcpConnections& value) {
  out.number(value.size());
  for (const auto& one : value) out.text(one.local).number(one.local_port).text(one.peer).number(one.peer_port);
}

void read(Reader& in, TcpConnections& value) {
  for (auto left = in.count("connection"); left > 0 && in.good(); --left) {
    auto& one = value.emplace_back();
    one.local = in.text("local address");
    one.local_port = static_cast<std::uint16_t>(in.number("local port", UINT16_MAX));
    one.peer = in.text("peer's address");
    one.peer_port = static_cast<std::uint16_t>(in.number("peer's port", UINT16_MAX));
  }
}

void write(Writer& out, const FileSet& value) {
  out.text(value.name).text(value.root).texts(value.include).texts(value.exclude).number(value.conflict.size());
  for (const auto& rule : value.conflict) write(out, rule);
}

void read(Reader& in, FileSet& value) {
  value.name = in.text("set");
  value.root = in.text("root");
  value.include = in.texts("include");
  value.exclude = in.texts("exclude");
  for (auto left = in.count("rules"); left > 0 && in.good(); --left) read(in, value.conflict.emplace_back());
}

void write(Writer& out, const std::vector<FileSet>& value) {
  out.number(value.size());
  for (const auto& set : value) write(out, set);
}

void read(Reader& in, std::vector<FileSet>& value) {
  for (auto left = in.count("sets"); left > 0 && in.good(); --left) read(in, value.emplace_back());
}

void write(Writer& out, const Pending& value) { out.number(value.paths).number(value.bytes).flag(value.overflow); }

void read(Reader& in, Pending& value) {
  value.paths = in.number("paths");
  value.bytes = in.number("bytes");
  value.overflow = in.flag("overflow");
}

void write(Writer& out, const EmitReport& value) {
  out.number(value.paths).number(value.bytes).number(value.deletions).flag(value.scanned).text(value.scan_reason);
  out.number(value.as_differences).number(value.large).flag(value.finished);
}

void read(Reader& in, EmitReport& value) {
  value.paths = in.number("paths");
  value.bytes = in.number("bytes");
  value.deletions = in.number("deletions");
  value.scanned = in.flag("scanned");
  value.scan_reason = in.text("scan reason");
  value.as_differences = in.number("bytes of files as differences");
  value.large = in.number("large files");
  value.finished = in.flag("finished");
}

void write(Writer& out, const ApplyReport& value) {
  out.number(value.applied).number(value.unchanged).number(value.deleted).number(value.bytes);
  out.texts(value.paths).texts(value.conflicts).texts(value.kept).texts(value.stale).texts(value.differing);
}

void read(Reader& in, ApplyReport& value) {
  value.applied = in.number("applied");
  value.unchanged = in.number("unchanged");
  value.deleted = in.number("deleted");
  value.bytes = in.number("bytes");
  value.paths = in.texts("paths");
  value.conflicts = in.texts("conflicts");
  value.kept = in.texts("kept");
  value.stale = in.texts("stale");
  value.differing = in.texts("differing");
}

}  // namespace moult::guest
