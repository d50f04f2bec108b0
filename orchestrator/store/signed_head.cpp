#include <nlohmann/json.hpp>

#include "orchestrator/store/audit_verify.hpp"

namespace moult {

using nlohmann::json;

std::string to_json(const SignedHead& head) {
  return json{{"chain", head.chain},
              {"seq", head.seq},
              {"hash", head.hash},
              {"utc", head.utc},
              {"public_key", head.public_key},
              {"signature", head.signature}}
      .dump();
}

Result<SignedHead> signed_head_of(const std::string& text) {
  try {
    const auto value = json::parse(text);
    return SignedHead{value.at("chain"), value.at("seq"),        value.at("hash"),
                      value.at("utc"),   value.at("public_key"), value.at("signature")};
  } catch (const json::exception& e) {
    return fail(Code::invalid, std::string("this is no signed head: ") + e.what());
  }
}

}  // namespace moult
