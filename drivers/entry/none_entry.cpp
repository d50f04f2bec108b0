#include "drivers/entry/none_entry.hpp"

#include "drivers/entry/http_check.hpp"

namespace moult {

Result<> NoneEntry::ready(Millis) { return {}; }
Result<> NoneEntry::hold(Millis) { return {}; }
Result<> NoneEntry::drain(Millis) { return {}; }
Result<> NoneEntry::release() { return {}; }
Result<EntryState> NoneEntry::where() { return EntryState{}; }
Result<> NoneEntry::check(Millis deadline) {
  if (check_url_.empty()) return {};
  return check_through(check_url_, deadline);
}

}  // namespace moult
