#include "orchestrator/store/faulty_store.hpp"

#include <mutex>
#include <optional>

namespace moult {
namespace {

Unexpected refused_write() { return fail(Code::no_space, "the journal cannot be written (injected)"); }

Unexpected lost_acknowledgement() {
  Error error{Code::io, "the journal's disk failed (injected)"};
  error.disposition = Disposition::ambiguous;
  return Unexpected(std::move(error));
}

/// Each write meets the fault that a function chooses.
class ChosenFaults final : public WriteCalls {
 public:
  explicit ChosenFaults(WriteFaults faults) : faults_(std::move(faults)) {}
  Result<> write(std::string_view operation, const Effect& effect) override {
    const auto fault = faults_(operation);
    torn_ = fault == WriteFault::refused && operation == "commit";
    if (fault == WriteFault::refused && !torn_) return refused_write();
    auto result = effect();
    if (result && fault == WriteFault::lost) return lost_acknowledgement();
    return result;
  }
  Result<> before_commit() override { return torn_ ? Result<>(refused_write()) : Result<>{}; }

 private:
  WriteFaults faults_;
  bool torn_ = false;
};

/// Hands each outermost write over.
class Injector {
 public:
  explicit Injector(std::unique_ptr<WriteCalls> calls) : calls_(std::move(calls)) {}

  template <typename Write>
  auto write(std::string_view operation, const Write& write) -> decltype(write()) {
    const std::lock_guard lock(mutex_);
    if (inside_) return write();
    std::optional<decltype(write())> result;
    const auto told = calls_->write(operation, [&]() -> Result<> {
      result = write();
      return *result ? Result<>{} : Result<>(Unexpected(result->error()));
    });
    if (!told) return Unexpected(told.error());
    return *std::move(result);
  }

  Result<> commit(Store& inner, const std::function<Result<>()>& body) {
    const std::lock_guard lock(mutex_);
    if (inside_) return inner.atomically(body);
    return calls_->write("commit", [&] {
      const Inside inside(inside_);
      return inner.atomically([&]() -> Result<> {
        MOULT_TRY(body());
        return calls_->before_commit();
      });
    });
  }

 private:
  struct Inside {
    explicit Inside(bool& flag) : flag_(flag) { flag_ = true; }
    ~Inside() { flag_ = false; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    bool& flag_;
  };

  std::unique_ptr<WriteCalls> calls_;
  std::recursive_mutex mutex_;
  bool inside_ = false;
};

class FaultyAuditLog final : public AuditLog {
 public:
  FaultyAuditLog(AuditLog& inner, Injector& injector) : inner_(inner), injector_(injector) {}
  Result<std::int64_t> append(const AuditEntry& entry) override {
    return injector_.write("append", [&] { return inner_.append(entry); });
  }
  Result<> read(std::int64_t from, const Visitor& visit) override { return inner_.read(from, visit); }
  Result<ChainTip> tip() override { return inner_.tip(); }
  Result<SignedHead> sign_head(const std::string& utc) override {
    return injector_.write("sign_head", [&] { return inner_.sign_head(utc); });
  }
  Result<std::vector<SignedHead>> heads() override { return inner_.heads(); }

 private:
  AuditLog& inner_;
  Injector& injector_;
};

class FaultyJournal final : public Journal {
 public:
  FaultyJournal(Journal& inner, Injector& injector) : inner_(inner), injector_(injector) {}
  Result<> create_run(const RunRecord& run, const Stamp& stamp) override {
    return injector_.write("create_run", [&] { return inner_.create_run(run, stamp); });
  }
  Result<RunRecord> run(const std::string& id) override { return inner_.run(id); }
  Result<std::vector<RunSummary>> runs() override { return inner_.runs(); }
  Result<> set_state(const StateChange& change) override {
    return injector_.write("set_state", [&] { return inner_.set_state(change); });
  }
  Result<std::int64_t> intend(const Intent& intent) override {
    return injector_.write("intend", [&] { return inner_.intend(intent); });
  }
  Result<> conclude(std::int64_t sequence, StepOutcome outcome, const std::string& facts,
                    const std::string& utc) override {
    return injector_.write("conclude", [&] { return inner_.conclude(sequence, outcome, facts, utc); });
  }
  Result<std::vector<StepRecord>> steps(const std::string& run) override { return inner_.steps(run); }
  Result<> put_value(const std::string& run, const std::string& key, const std::string& value) override {
    return injector_.write("put_value", [&] { return inner_.put_value(run, key, value); });
  }
  Result<std::map<std::string, std::string>> values(const std::string& run) override { return inner_.values(run); }

 private:
  Journal& inner_;
  Injector& injector_;
};

class FaultyStore final : public Store {
 public:
  FaultyStore(Store& inner, std::unique_ptr<WriteCalls> calls)
      : inner_(inner),
        injector_(std::move(calls)),
        journal_(inner.journal(), injector_),
        audit_(inner.audit(), injector_) {}
  Journal& journal() override { return journal_; }
  AuditLog& audit() override { return audit_; }
  Result<> atomically(const std::function<Result<>()>& body) override { return injector_.commit(inner_, body); }

 private:
  Store& inner_;
  Injector injector_;
  FaultyJournal journal_;
  FaultyAuditLog audit_;
};

}  // namespace

std::unique_ptr<Store> make_faulty_store(Store& inner, WriteFaults faults) {
  return make_faulty_store(inner, std::make_unique<ChosenFaults>(std::move(faults)));
}

std::unique_ptr<Store> make_faulty_store(Store& inner, std::unique_ptr<WriteCalls> calls) {
  return std::make_unique<FaultyStore>(inner, std::move(calls));
}

}  // namespace moult
