#pragma once

namespace moult {

/// What a guest's shell does around the vendor's commands of a data set. Each is run as `sh -c SCRIPT moult-hook
/// ARG...` with the set's environment, makes the state directory first, and keeps a command's words apart: nothing of a
/// descriptor is read as a script.
namespace hook_script {

/// COMMAND...: the command itself.
extern const char* const kPlain;
/// COMMAND...: the command itself, once an earlier one of this kind has ended that runs still.
extern const char* const kFollow;
/// SPOOL LIMIT SMALL COMMAND...: its output goes to the file SPOOL, LIMIT bytes of it at most. Prints "CODE SIZE\n",
/// and behind it the output where that is not longer than SMALL: then the file is gone again.
extern const char* const kRound;
/// SPOOL COMMAND...: standard input is the file, which is gone at the end.
extern const char* const kReplay;
/// TOKEN SECONDS N RESUME... QUIESCE...: the first N words are `resume`, the others `quiesce`. Before it quiesces it
/// leaves a watcher behind, which resumes after SECONDS, whatever becomes of this command and of the helper.
extern const char* const kQuiesce;
/// TOKEN RESUME...: prints "yes" where the watcher had not resumed before, and `resume` knows of nobody else who had
/// (its exit code 3), else "no".
extern const char* const kResume;
/// STATE SPOOL [END...]: the command, where there is one; then both are gone.
extern const char* const kEnd;

}  // namespace hook_script

}  // namespace moult
