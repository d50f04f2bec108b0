#include "tests/sim/shrink.hpp"

#include <functional>

#include "tests/sim/strikes.hpp"

namespace moult::test {
namespace {

class Shrinking {
 public:
  Shrinking(LifeSpec spec, const LifeEnd& failed, const std::string& desk)
      : spec_(std::move(spec)), promise_(failed.violations.front().invariant), desk_(desk) {
    spec_.strikes = failed.struck;
  }

  LifeSpec all() {
    for (bool smaller = true; smaller;) {
      smaller = false;
      for (std::size_t i = spec_.strikes->size(); i-- > 0;)
        smaller = attempt([i](LifeSpec& spec) { spec.strikes->erase(spec.strikes->begin() + static_cast<long>(i)); }) ||
                  smaller;
      for (std::size_t i = 0; i < Shape::kFirstOfChance; ++i)
        smaller = simplify(static_cast<Shape::Field>(i)) || smaller;
    }
    for (std::size_t i = 0; i < spec_.strikes->size(); ++i)
      for (int halves = 0; halves < kHalves; ++halves)
        if (!attempt([i](LifeSpec& spec) { spec.strikes->at(i).by /= 2; })) break;
    return spec_;
  }

 private:
  static constexpr int kHalves = 12;

  bool simplify(Shape::Field field) {
    const auto to = Shape::simplest(field);
    return spec_.shape[field] != to && attempt([=](LifeSpec& spec) { spec.shape.set(field, to); });
  }

  bool attempt(const std::function<void(LifeSpec&)>& change) {
    auto smaller = spec_;
    change(smaller);
    const auto end = live(smaller, desk_);
    if (end.violations.empty() || end.violations.front().invariant != promise_) return false;
    spec_ = std::move(smaller);
    return true;
  }

  LifeSpec spec_;
  std::string promise_;
  const std::string& desk_;
};

}  // namespace

LifeSpec shrink(const LifeSpec& spec, const LifeEnd& failed, const std::string& desk) {
  return Shrinking(spec, failed, desk).all();
}

std::string replay_of(const LifeSpec& spec) {
  std::string words = "--replay " + std::to_string(spec.seed);
  if (const auto with = spec.shape.difference(Shape(spec.seed)); !with.empty()) words += " --with " + with;
  if (spec.strikes) words += " --strikes " + text_of(*spec.strikes);
  return words;
}

}  // namespace moult::test
