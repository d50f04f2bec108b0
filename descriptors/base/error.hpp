#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moult {

/// What kind of failure it is. Policy and the exit code read this, never the text.
enum class Code {
  internal,     ///< a defect of moult itself
  usage,        ///< the command line makes no sense
  invalid,      ///< a descriptor, payload, plan or journal is not what it must be
  not_found,    ///< a named thing does not exist
  refused,      ///< a precondition, gate, rule or budget says no; nothing was changed
  moved,        ///< the world is no longer what the approved plan says
  unreachable,  ///< a host, guest, agent or entry does not answer
  timeout,      ///< a deadline passed
  no_space,     ///< a file system lacks room
  busy,         ///< another orchestrator holds the run or the appliance
  conflict,     ///< a path changed on both sides and no rule decides
  mismatch,     ///< digests or levels that must be equal are not
  failed,       ///< a command, update, check or hook failed
  io,           ///< a read, write or store operation failed
  interrupted,  ///< a person or a signal asked to stop
};

/// What a caller may do next.
enum class Disposition {
  fail,       ///< it did not happen, and trying again changes nothing
  retry,      ///< it did not happen; a later try may succeed
  ambiguous,  ///< it may or may not have happened: probe before anything else
};

/// A failure as a value: what failed, on what, why, and what to do next.
struct Error {
  Code code = Code::internal;
  std::string message;                 ///< what and why, one sentence without a full stop
  std::string remedy;                  ///< what a person does next; may be empty
  std::vector<std::string> context{};  ///< innermost first: "machine app", "step snapshot"
  Disposition disposition = Disposition::fail;

  /// Adds one link of context, for example "machine app"; returns *this for chaining.
  Error& within(std::string link) & {
    context.push_back(std::move(link));
    return *this;
  }
  Error&& within(std::string link) && {
    context.push_back(std::move(link));
    return std::move(*this);
  }
  /// "step clone: machine app: message", outermost link first, without the remedy.
  [[nodiscard]] std::string describe() const;
};

/// The persisted and printed name of a code, "no_space" for example.
[[nodiscard]] std::string_view name_of(Code code);

/// The code of that name; nothing when there is none.
[[nodiscard]] std::optional<Code> code_of(std::string_view name);

/// The process exit code that stands for a code; the table is in docs/exit-codes.md.
[[nodiscard]] int exit_code_of(Code code);

}  // namespace moult
