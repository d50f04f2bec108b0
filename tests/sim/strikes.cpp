#include "tests/sim/strikes.hpp"

#include <sstream>

namespace moult::test {
namespace {

using sim::CallId;
using sim::FaultKind;

template <typename Id>
Result<Id> id_named(const std::string& name, std::size_t count, std::string_view (*name_of_id)(Id)) {
  for (std::size_t i = 0; i < count; ++i)
    if (name_of_id(static_cast<Id>(i)) == name) return static_cast<Id>(i);
  return fail(Code::invalid, "there is no \"" + name + "\" in the simulated world");
}

std::string_view name_of_kind(FaultKind kind) { return sim::name_of(kind); }
std::string_view name_of_call(CallId call) { return sim::facts_of(call).name; }

Result<sim::Strike> strike_of(const std::string& text) {
  std::istringstream in(text);
  std::string kind, call;
  sim::Strike strike;
  long long by = 0;
  char slash = 0;
  std::getline(in, kind, '@');
  std::getline(in, call, '#');
  if (!(in >> strike.nth) || (in >> slash && !(in >> by)))
    return fail(Code::invalid, "\"" + text + "\" is no strike: KIND@CALL#NTH/MILLISECONDS");
  strike.by = Millis{by};
  MOULT_ASSIGN(strike.kind, id_named<FaultKind>(kind, sim::kFaultKinds, name_of_kind));
  MOULT_ASSIGN(strike.call, id_named<CallId>(call, sim::kCalls, name_of_call));
  return strike;
}

}  // namespace

std::string text_of(const std::vector<sim::Strike>& strikes) {
  std::ostringstream out;
  for (const auto& one : strikes)
    out << (out.tellp() > 0 ? "," : "") << name_of_kind(one.kind) << "@" << name_of_call(one.call) << "#" << one.nth
        << "/" << one.by.count();
  return strikes.empty() ? "none" : out.str();
}

Result<std::vector<sim::Strike>> strikes_of(const std::string& text) {
  std::vector<sim::Strike> strikes;
  if (text == "none") return strikes;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) {
    MOULT_ASSIGN(const auto strike, strike_of(one));
    strikes.push_back(strike);
  }
  return strikes;
}

}  // namespace moult::test
