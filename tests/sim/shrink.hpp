#pragma once

#include <string>

#include "tests/sim/life.hpp"

namespace moult::test {

/// The smallest life that breaks the same promise, as far as taking away one thing after another finds it: strikes,
/// then the size of the world, then how long strikes last. What it still has is in its spec: nothing is left to chance.
/// `failed` is how the given life ended.
[[nodiscard]] LifeSpec shrink(const LifeSpec& spec, const LifeEnd& failed, const std::string& desk);

/// The words behind `tests/sim/run` that live it again, with its trace.
[[nodiscard]] std::string replay_of(const LifeSpec& spec);

}  // namespace moult::test
