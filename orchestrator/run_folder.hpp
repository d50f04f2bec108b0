#pragma once

#include <string>

#include "orchestrator/run_context.hpp"

namespace moult {

/// `<state>/runs/<id>`: copies of the descriptors as approved, and what the run spools. So that a run can be continued,
/// rolled back or finished when the vendor's files have moved on.
[[nodiscard]] std::string run_folder(const std::string& state_dir, const std::string& run);

/// A new run's id: the UTC date and four random letters, "260131-k3fw". Names of domains, files and networks carry it.
[[nodiscard]] std::string new_run_id(const Clock& clock);

/// Makes the folder and the journal's record of a new run. Errors: io, no_space, refused (id exists).
[[nodiscard]] Result<> begin_run(Store& store, const std::string& state_dir, const RunContext::Work& work,
                                 const Stamp& stamp);

/// A stored run, ready to be continued.
struct StoredRun {
  RunContext::Work work;
  RunState state = RunState::planned;
};
/// Reads a run back from journal and folder. Errors: not_found (no such run; the remedy lists those there are),
/// invalid.
[[nodiscard]] Result<StoredRun> stored_run(Journal& journal, const std::string& state_dir, const std::string& run);

}  // namespace moult
