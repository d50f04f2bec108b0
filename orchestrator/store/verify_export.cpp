#include <istream>
#include <nlohmann/json.hpp>
#include <utility>

#include "orchestrator/store/chain_checker.hpp"
#include "orchestrator/store/export_line.hpp"

namespace moult {
namespace {

using nlohmann::json;

/// Reads an export line by line, and keeps the first thing that is wrong with it.
class ExportReader {
 public:
  explicit ExportReader(std::string public_key) : public_key_(std::move(public_key)) {}

  void read(const std::string& text) {
    ++line_;
    try {
      const auto line = json::parse(text);
      take(line, line.at("kind").get<std::string>());
    } catch (const json::exception& e) {
      object("it is no line of an export: " + std::string(e.what()));
    }
  }

  AuditReport finish() {
    if (!ended_) object("there is no signed head at the end: the tail was cut");
    if (!checker_) checker_.emplace("", "", "");
    checker_->object(checker_->last_seq() + 1, why_);
    return checker_->finish(0);
  }

 private:
  void object(const std::string& why) {
    if (why_.empty()) why_ = "line " + std::to_string(line_) + ": " + why;
  }

  void take(const json& line, const std::string& kind) {
    if (ended_) return object("something follows the signed head");
    if (kind == "export") return header(line);
    if (!checker_) return object("there is no header before it");
    if (kind == "head") return head(line);
    if (kind != "row" && kind != "link") return object("\"" + kind + "\" is no kind of line");
    row(row_of(line), kind == "row");
  }

  void header(const json& line) {
    if (checker_) return object("it is a second header");
    if (line.at("format") != kExportFormat) return object("its format is not " + std::string(kExportFormat));
    run_ = line.at("run").get<std::string>();
    checker_.emplace(line.at("chain").get<std::string>(), run_, public_key_);
  }

  void row(const AuditRow& row, bool whole) {
    if (!whole && (run_.empty() || row.run == run_)) object("row " + std::to_string(row.seq) + " has no content");
    if (!std::exchange(started_, true)) {
      if (run_.empty() ? row.seq != 1 : row.run != run_) object("it is not the first row of what was exported");
      checker_->start_at(row);
    }
    checker_->follow(row, whole);
  }

  void head(const json& line) {
    ended_ = true;
    const auto head = signed_head_of(line.dump());
    if (!head) return object(head.error().message);
    if (!started_) return object("there are no rows before it");
    checker_->close(*head);
  }

  std::string public_key_;
  std::string run_;
  std::string why_;
  std::optional<ChainChecker> checker_;
  std::int64_t line_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

Result<AuditReport> verify_export(std::istream& in, const std::string& public_key) {
  ExportReader reader(public_key);
  for (std::string text; std::getline(in, text);) reader.read(text);
  if (in.bad()) return fail(Code::io, "the export cannot be read");
  return reader.finish();
}

}  // namespace moult
