#include "orchestrator/store/faulty_store.hpp"

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

/// A faulty store over a real one, with the operations that were asked about.
struct Faulty {
  std::unique_ptr<Store> inner = make_memory_store();
  WriteFault fault = WriteFault::none;
  std::vector<std::string> asked;
  std::unique_ptr<Store> store = make_faulty_store(*inner, [this](std::string_view operation) {
    asked.emplace_back(operation);
    return fault;
  });
  Faulty() { REQUIRE(inner->journal().create_run(a_run(), stamp())); }
};

}  // namespace

TEST_CASE("a refused write changed nothing") {
  Faulty faulty;
  faulty.fault = WriteFault::refused;
  const auto step = faulty.store->journal().intend({"r1", "step", "", "{}", kUtc});
  REQUIRE_FALSE(step);
  CHECK(step.error().code == Code::no_space);
  CHECK(step.error().disposition == Disposition::fail);
  CHECK(faulty.inner->journal().steps("r1")->empty());
}

TEST_CASE("a write whose acknowledgement was lost is there, and the caller cannot know") {
  Faulty faulty;
  faulty.fault = WriteFault::lost;
  const auto step = faulty.store->journal().intend({"r1", "step", "", "{}", kUtc});
  REQUIRE_FALSE(step);
  CHECK(step.error().disposition == Disposition::ambiguous);
  CHECK(faulty.inner->journal().steps("r1")->size() == 1);
}

TEST_CASE("an atomic step is one write, refused or lost as a whole") {
  Faulty faulty;
  const auto put_two = [&] {
    return faulty.store->atomically([&]() -> Result<> {
      MOULT_TRY(faulty.store->journal().put_value("r1", "a", "1"));
      return faulty.store->journal().put_value("r1", "b", "2");
    });
  };
  faulty.fault = WriteFault::refused;
  CHECK(put_two().error().code == Code::no_space);
  CHECK(faulty.inner->journal().values("r1")->empty());
  faulty.fault = WriteFault::lost;
  CHECK(put_two().error().disposition == Disposition::ambiguous);
  CHECK(faulty.inner->journal().values("r1")->size() == 2);
  CHECK(faulty.asked == std::vector<std::string>{"commit", "commit"});
}

TEST_CASE("every write is asked about by its name, and reads are not") {
  Faulty faulty;
  auto& journal = faulty.store->journal();
  REQUIRE(journal.create_run(a_run("r2"), stamp()));
  REQUIRE(journal.set_state({"r1", "planned", "cloning", "{}", stamp()}));
  const auto step = journal.intend({"r1", "step", "", "{}", kUtc});
  REQUIRE(journal.conclude(step.value(), StepOutcome::done, "{}", kUtc));
  REQUIRE(journal.put_value("r1", "k", "v"));
  REQUIRE(faulty.store->audit().append(an_entry("e")));
  REQUIRE(faulty.store->audit().sign_head(kUtc));
  CHECK(journal.runs()->size() == 2);
  CHECK(journal.run("r1")->state == "cloning");
  CHECK(journal.steps("r1")->size() == 1);
  CHECK(journal.value("r1", "k").value() == "v");
  CHECK(verify_audit(faulty.store->audit())->good);
  CHECK(faulty.asked ==
        std::vector<std::string>{"create_run", "set_state", "intend", "conclude", "put_value", "append", "sign_head"});
}
