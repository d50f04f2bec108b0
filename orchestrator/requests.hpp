#pragma once

#include <string>

#include "descriptors/base/result.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {

/// What one process asks of the one that holds a run; left in the journal.
enum class Request { none, cutover, abort, confirm, rollback, rollback_one_way, finish };

[[nodiscard]] Result<> put_request(Journal& journal, const std::string& run, Request request);
/// Takes the request, if any, out of the journal: in one transaction, so that none is lost that comes meanwhile.
[[nodiscard]] Result<Request> take_request(Store& store, const std::string& run);

}  // namespace moult
