#include "orchestrator/run_options.hpp"

#include <nlohmann/json.hpp>

namespace moult {

std::string options_to_json(const RunOptions& options) {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(options.at.time_since_epoch()).count();
  return nlohmann::json{{"cutover", static_cast<int>(options.cutover)},
                        {"at", at},
                        {"max_stall_ms", options.max_stall.count()},
                        {"drain_deadline_ms", options.drain_deadline.count()},
                        {"boot_ms", options.boot.count()},
                        {"confirm_within_ms", options.confirm_within.value_or(Millis{0}).count()},
                        {"throttle_bytes_per_second", options.throttle.value_or(0)},
                        {"accept_one_way", options.accept_one_way},
                        {"rehearse", options.rehearse},
                        {"finish", options.finish}}
      .dump();
}

Result<RunOptions> options_from_json(const std::string& text) {
  try {
    const auto tree = nlohmann::json::parse(text);
    RunOptions options;
    options.cutover = static_cast<CutoverMode>(tree.at("cutover").get<int>());
    options.at = std::chrono::system_clock::time_point{std::chrono::seconds{tree.at("at").get<std::int64_t>()}};
    options.max_stall = Millis{tree.at("max_stall_ms").get<std::int64_t>()};
    options.drain_deadline = Millis{tree.at("drain_deadline_ms").get<std::int64_t>()};
    options.boot = Millis{tree.at("boot_ms").get<std::int64_t>()};
    // Absent in runs that an older moult began.
    if (const auto within = tree.value("confirm_within_ms", std::int64_t{0}); within > 0)
      options.confirm_within = Millis{within};
    if (const auto throttle = tree.value("throttle_bytes_per_second", std::uint64_t{0}); throttle > 0)
      options.throttle = throttle;
    options.accept_one_way = tree.value("accept_one_way", false);
    options.rehearse = tree.at("rehearse").get<bool>();
    options.finish = tree.at("finish").get<bool>();
    return options;
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::invalid, std::string("the journal's options of this run cannot be read: ") + error.what());
  }
}

}  // namespace moult
