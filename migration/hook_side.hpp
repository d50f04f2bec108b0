#pragma once

#include <cstdint>
#include <string>

#include "descriptors/maintenance.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// What every command of one data set is told, and what holds for all of them.
struct HookSet {
  std::string name, run;  ///< name ends with "~back" for the way back
  int port = 0;           ///< of an application that follows the other side's
  bool back = false;
  int version = 1;
  HookCommands commands;
  Millis timeout{std::chrono::minutes{10}};
  std::uint64_t largest = 64U << 20U;
  std::string state;  ///< directory in a guest, in memory: of the commands' own, gone with the helper
  std::string spool;  ///< file in a guest, on its disk: a round's output on its way
};

/// Which changes a round is about: those after the moment `since`, up to now, which is called `number`. Whole: all that
/// the set holds.
struct HookRound {
  std::uint64_t number = 0, since = 0;
  bool whole = false;
};

/// How a `round` ended: all printed; the moment `since` is not known (any more), and nothing is printed; or as much as
/// one round may print, with more to come.
enum class HookAnswer { all, unknown, more };
constexpr int kExitUnknown = 3, kExitMore = 4;

/// What a `round` printed. Small: in memory; else in a file of this host.
struct HookStream {
  HookAnswer answer = HookAnswer::all;
  std::uint64_t size = 0;
  std::string bytes, file;
};

/// The vendor's commands of a set in one guest. Any exit code that is not documented, a time that ran out, an output
/// that was cut or is no answer: each is an error that names the set, the command, and what it said last. Keeps
/// nothing.
class HookSide {
 public:
  HookSide(const HookSet& set, GuestAccess& guest) : set_(&set), guest_(&guest) {}
  /// No command takes longer than this from here on.
  void set_most(Millis most) { most_ = most; }

  Result<> capture(std::uint64_t number);
  /// A large output comes to `file`. Under a fence file systems may be frozen: then the guest keeps it in memory.
  Result<HookStream> round(const HookRound& round, const std::string& file, bool fenced);
  Result<> replay(const HookRound& round, const HookStream& stream);
  Result<std::string> verify();
  /// The application follows the one that answers at `port` of 127.0.0.1, and has all that it held when this began.
  Result<> follow(int port);
  /// The application follows nobody any more.
  Result<> promote();
  /// Writers stop; after `ttl` they go on, whatever happens to this process and to the helper. `fence` names it.
  Result<> quiesce(std::uint64_t fence, Millis ttl);
  /// True: the fence of that name had held until now, as far as the guest knows.
  Result<bool> resume(std::uint64_t fence);
  /// Runs `end` where there is one, and takes away what moult keeps in the guest for the set.
  Result<> end();
  /// What the guest holds of acknowledged writes is on its disk.
  Result<> sync();

 private:
  struct Call {
    const char* hook;
    const char* script;
    Argv before;  ///< the script's own arguments
    const Argv& words;
  };
  [[nodiscard]] Command command(const Call& call, const HookRound* round) const;
  Result<Outcome> run(const Command& command, const char* hook);
  Result<> must(const Command& command, const char* hook);
  [[nodiscard]] Unexpected bad_end(const char* hook, const Argv& words, const Outcome& outcome) const;
  [[nodiscard]] std::string named(const char* hook) const;
  Result<HookStream> read_round(const Outcome& outcome, const std::string& spool, const std::string& file);
  Result<> bring(const std::string& spool, const std::string& file, std::uint64_t size);
  Result<> send(const std::string& file);
  [[nodiscard]] std::string token(std::uint64_t fence) const { return set_->state + "/fence." + std::to_string(fence); }

  const HookSet* set_;
  GuestAccess* guest_;
  Millis most_{Millis::max()};
};

}  // namespace moult
