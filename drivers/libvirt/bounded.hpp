#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/libvirt/virt_error.hpp"
#include "drivers/machine.hpp"

namespace moult::virt {

/// One call into libvirt: for messages, and how long it may take.
struct CallSpec {
  std::string what;  ///< "snapshot of domain web"
  Effect effect = Effect::none;
  Millis deadline{std::chrono::seconds{10}};
};

/// Runs `work` in a thread of its own and waits for it, at most `deadline`; false when it was given up. The thread
/// then runs on by itself: `work` owns everything that it uses.
[[nodiscard]] bool run_bounded(Millis deadline, std::function<void()> work);

/// The same for work with an answer. libvirt's calls block without a limit of their own.
template <typename T>
Result<T> bounded(const CallSpec& spec, std::function<Result<T>()> work) {
  auto answer = std::make_shared<std::optional<Result<T>>>();
  const bool ended = run_bounded(spec.deadline, [answer, work = std::move(work)] { answer->emplace(work()); });
  if (!ended) return Unexpected(deadline_error(spec.what, spec.deadline.count(), spec.effect));
  return std::move(**answer);
}

}  // namespace moult::virt
