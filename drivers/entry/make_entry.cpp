#include <string_view>

#include "descriptors/base/text.hpp"
#include "drivers/entry.hpp"
#include "drivers/entry/command/command_entry.hpp"
#include "drivers/entry/haproxy/haproxy_entry.hpp"
#include "drivers/entry/none_entry.hpp"

namespace moult {
namespace {

constexpr const char* kDefaultMap = "/etc/haproxy/moult-hold.map";

/// A name that is one word of the runtime API: nothing in it may end a word or a command.
Result<> check_word(const char* what, std::string_view name) {
  constexpr std::string_view kGood = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-";
  if (!name.empty() && name.find_first_not_of(kGood) == std::string_view::npos) return {};
  return fail(Code::invalid, std::string("an HAProxy ") + what + " cannot be called " + in_quotes(name));
}

Result<std::unique_ptr<Entry>> make_haproxy(EntrySpec spec) {
  if (spec.map.empty()) spec.map = kDefaultMap;
  MOULT_TRY(check_word("frontend", spec.frontend));
  MOULT_TRY(check_word("map", spec.map));
  for (const auto& backend : spec.backends) MOULT_TRY(check_word("backend", backend));
  if (spec.socket.empty()) return fail(Code::invalid, "the haproxy entry has no socket");
  return std::make_unique<haproxy::HaproxyEntry>(spec);
}

}  // namespace

Result<std::unique_ptr<Entry>> make_entry(const EntrySpec& spec) {
  switch (spec.kind) {
    case EntryKind::haproxy:
      return make_haproxy(spec);
    case EntryKind::command:
      for (const auto* argv : {&spec.hold, &spec.drain, &spec.release, &spec.where})
        if (argv->empty()) return fail(Code::invalid, "a command entry needs hold, drain, release and where");
      return std::make_unique<CommandEntry>(spec);
    case EntryKind::none:
      break;
  }
  return std::make_unique<NoneEntry>(spec);
}

}  // namespace moult
