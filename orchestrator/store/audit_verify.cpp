#include "orchestrator/store/audit_verify.hpp"

#include <future>
#include <utility>
#include <vector>

#include "orchestrator/store/chain_checker.hpp"

namespace moult {
namespace {

/// Follows rows a batch behind whoever reads them, on a thread of its own, so that a long log costs the longer of both.
/// A short one is followed at the end, without a thread.
class Behind {
 public:
  explicit Behind(ChainChecker& checker) : checker_(checker) {}

  void add(const AuditRow& row) {
    if (read_ == kBatch) hand_over();
    if (read_ < reading_.size())
      reading_[read_] = row;  // the room of its strings is used again
    else
      reading_.push_back(row);
    ++read_;
  }
  void finish() {
    wait();
    for (std::size_t i = 0; i < read_; ++i) checker_.follow(reading_[i], true);
  }

 private:
  static constexpr std::size_t kBatch = 2048;

  void wait() {
    if (batch_.valid()) batch_.get();
  }
  void hand_over() {
    wait();
    std::swap(reading_, following_);  // now this is a whole batch
    read_ = 0;
    // Where there can be no thread it is done in wait().
    batch_ = std::async(std::launch::async | std::launch::deferred, [this] {
      for (const auto& row : following_) checker_.follow(row, true);
    });
  }

  ChainChecker& checker_;
  std::vector<AuditRow> reading_, following_;
  std::size_t read_ = 0;
  std::future<void> batch_;  ///< last, so that it has ended before what it works on goes
};

}  // namespace

Result<AuditReport> verify_audit(AuditLog& log, const VerifyRequest& request) {
  // Tip and heads first: rows that another process adds meanwhile are more than these ask for, never less.
  MOULT_ASSIGN(const auto tip, log.tip());
  MOULT_ASSIGN(const auto heads, log.heads());
  ChainChecker checker(tip.chain, request.run, request.public_key);
  for (const auto& head : heads) checker.expect(head);
  if (request.kept) checker.expect(*request.kept);
  Behind behind(checker);
  MOULT_TRY(log.read(1, [&](const AuditRow& row) -> Result<> {
    behind.add(row);
    return {};
  }));
  behind.finish();
  return checker.finish(tip.issued);
}

}  // namespace moult
