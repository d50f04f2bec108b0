#include "orchestrator/store/memory_audit_log.hpp"
#include "orchestrator/store/memory_journal.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {

Result<> MemoryState::write(const Body& body) {
  const std::lock_guard lock(mutex);
  const auto mark = undo_.size();
  struct Ending {  // also when body throws, as a simulated crash does
    MemoryState& state;
    std::size_t mark;
    bool keep = false;
    ~Ending() {
      for (; !keep && state.undo_.size() > mark; state.undo_.pop_back()) state.undo_.back()();
      if (--state.depth_ == 0) state.undo_.clear();
    }
  };
  ++depth_;
  Ending ending{*this, mark};
  auto result = body();
  ending.keep = result.has_value();
  return result;
}

namespace {

class MemoryStore final : public Store {
 public:
  MemoryStore() : audit_(state_), journal_(state_, audit_) {}
  Journal& journal() override { return journal_; }
  AuditLog& audit() override { return audit_; }
  Result<> atomically(const std::function<Result<>()>& body) override { return state_.write(body); }

 private:
  MemoryState state_;
  MemoryAuditLog audit_;
  MemoryJournal journal_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace moult
