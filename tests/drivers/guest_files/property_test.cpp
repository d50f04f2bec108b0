// Random trees, random operations with rounds in between: what the target holds is what the source holds, and what it
// changed itself, by operations as random, stays as it is.
// MOULT_SEED replays one case, MOULT_SECONDS says for how long to look, MOULT_CASES how many cases instead.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

#include "catch.hpp"
#include "support/pair.hpp"
#include "support/random_ops.hpp"
#include "support/sandbox.hpp"

using namespace moult;
using namespace moult::test;

namespace {

double seconds_to_look() {
  const char* wish = std::getenv("MOULT_SECONDS");
  return wish != nullptr ? std::atof(wish) : 8.0;
}

/// 0: as many as the time allows.
std::uint64_t cases_to_try() {
  const char* wish = std::getenv("MOULT_CASES");
  return wish != nullptr ? std::strtoull(wish, nullptr, 10) : 0;
}

std::uint64_t first_seed() {
  const char* wish = std::getenv("MOULT_SEED");
  if (wish != nullptr) return std::strtoull(wish, nullptr, 10);
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

/// Calls `one(seed)` for as long as there is time, and says how many cases that were.
template <typename One>
void for_many_seeds(const char* what, const One& one) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto spent = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  const auto first = first_seed(), wanted = cases_to_try();
  std::uint64_t cases = 0;
  const auto more = [&] {
    if (std::getenv("MOULT_SEED") != nullptr) return false;
    return wanted != 0 ? cases < wanted : spent() < seconds_to_look();
  };
  do {
    INFO("replay with MOULT_SEED=" << first + cases);
    one(first + cases);
    ++cases;
  } while (more());
  std::cout << what << ": " << cases << " cases in " << spent() << " s, the first of seed " << first << "\n";
  CHECK(cases >= std::max<std::uint64_t>(1, wanted));
}

/// A round whose receiver gives up somewhere on the way; the next one must carry all the same.
void fail_a_round(Pair& pair, std::uint64_t after) {
  auto stream = pair.target->apply(pair.to.name);
  REQUIRE(stream);
  const auto emitted = pair.source->emit(pair.from.name, RoundMode::events, nothing(), [&](Bytes bytes) -> Result<> {
    const auto part = bytes.first(std::min<std::size_t>(bytes.size(), after));
    MOULT_TRY((*stream)->write(part));
    return fail(Code::unreachable, "the channel broke");
  });
  REQUIRE_FALSE(emitted);
}

/// One in four sees no events, one in eight overflows soon.
class Helpers {
 public:
  std::shared_ptr<GuestFiles> one(std::uint64_t choice) {
    if (used_++ % 100 == 0) all_.clear();
    auto& kind = all_[std::min<std::uint64_t>(choice, 3)];
    LocalFilesOptions options;
    options.use_fanotify = choice > 1;
    if (choice == 2) options.pending_paths = 5;
    options.large_file = 150'000;  // two in three of the large ones
    if (!kind) kind = make_local_files(options);
    return kind;
  }

 private:
  std::map<std::uint64_t, std::shared_ptr<GuestFiles>> all_;
  int used_ = 0;
};

/// A directory of both sides in which the target alone changes things, as an update does.
constexpr const char* kOwn = "own";

Snapshot without_own(const std::string& root) {
  auto all = snapshot(root);
  std::erase_if(all, [](const auto& path) { return path.first == kOwn || path.first.starts_with("own/"); });
  return all;
}

/// The source's tree has come, and the target's own one, of which `own` was taken before the round, is as it was.
void require_both(Pair& pair, const Snapshot& own) {
  CHECK(differences(without_own(pair.from.root), without_own(pair.to.root)) == std::vector<std::string>{});
  CHECK(differences(own, snapshot(pair.to.root + "/" + kOwn)) == std::vector<std::string>{});
  REQUIRE(pair.source_digest() == pair.target_digest());
}

void one_tree(Helpers& helpers, const std::string& from, const std::string& to, std::uint64_t seed) {
  RandomOps ops(from, seed);
  RandomOps own(to + "/" + kOwn, seed + 1);
  std::string story;
  make_directory(from + "/" + kOwn);
  for (auto count = ops.below(20); count > 0; --count) story += ops.step() + "\n";
  Pair pair(from, to, helpers.one(ops.below(8)), "case" + std::to_string(seed));
  REQUIRE(pair.source->start_capture({pair.from}));
  for (auto count = ops.below(10); count > 0; --count) story += ops.step() + "\n";
  pair.begin();
  for (auto rounds = 1 + ops.below(4); rounds > 0; --rounds) {
    for (auto count = ops.below(12); count > 0; --count) story += ops.step() + "\n";
    if (ops.below(6) == 0) fail_a_round(pair, ops.below(3000));
    const auto mode = ops.below(3) == 0   ? RoundMode::scan
                      : ops.below(8) == 0 ? RoundMode::reconcile
                                          : RoundMode::events;
    story += "round " + std::to_string(static_cast<int>(mode)) + "\n";
    for (auto count = own.below(8); count > 0; --count) story += own.step() + "\n";
    INFO(story);
    const auto mine = snapshot(pair.to.root + "/" + kOwn);
    const auto moved = pair.round(mode);
    REQUIRE(moved.applied.conflicts == std::vector<std::string>{});
    if (!moved.applied.stale.empty()) REQUIRE(pair.whole_round().applied.stale == std::vector<std::string>{});
    require_both(pair, mine);
  }
}

}  // namespace

TEST_CASE("after any operations and any rounds the target holds what the source holds, beside its own changes") {
  auto& sandbox = Sandbox::get();
  Helpers helpers;
  for_many_seeds("random trees", [&](std::uint64_t seed) {
    const auto from = sandbox.directory("from"), to = sandbox.directory("to");
    one_tree(helpers, from, to, seed);
    std::filesystem::remove_all(from);
    std::filesystem::remove_all(to);
  });
}
