#include "orchestrator/store/facts.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "orchestrator/store/plain_facts.hpp"
#include "orchestrator/store/redaction.hpp"

namespace moult {
namespace {

using nlohmann::json;
constexpr int kMaxDepth = 64;

/// Watches the parser for what nlohmann would let pass: a key twice (the last would win), and great depth.
class Watch {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) complaint_ = "it is nested deeper than 64";
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key && !keys_.back().insert(parsed.get<std::string>()).second)
      complaint_ = "the key \"" + parsed.get<std::string>() + "\" stands in it twice";
    return true;
  }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string complaint_;
};

Unexpected bad_facts(const std::string& why) { return fail(Code::invalid, "facts are not as they must be: " + why); }

Result<json> parse_object(std::string_view text) {
  Watch watch;
  try {
    auto value = json::parse(text, std::ref(watch));
    if (!watch.complaint().empty()) return bad_facts(watch.complaint());
    if (!value.is_object()) return bad_facts("they are no JSON object");
    return value;
  } catch (const json::exception& e) {
    return bad_facts(e.what());
  }
}

Result<std::string> write(const json& value) {
  try {
    return value.dump();
  } catch (const json::exception& e) {
    return bad_facts(e.what());
  }
}

}  // namespace

Result<std::string> canonical_json(std::string_view object) {
  MOULT_ASSIGN(const auto value, parse_object(object));
  return write(value);
}

Result<std::string> canonical_facts(std::string_view object) {
  if (are_plain_facts(object)) return std::string(object);
  MOULT_ASSIGN(auto value, parse_object(object));
  redact(value);
  return write(value);
}

}  // namespace moult
