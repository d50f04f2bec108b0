#pragma once

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "drivers/guest/files/changes.hpp"
#include "drivers/guest/files/item_reader.hpp"
#include "drivers/guest/files/manifest.hpp"
#include "drivers/guest/files/round_plan.hpp"
#include "drivers/guest_files.hpp"

namespace moult::files {

/// What the rest of the helper knows that a round depends on.
struct RoundContext {
  std::string no_events;            ///< why capture does not cover this set; empty: it does
  std::int64_t frozen_since = 0;    ///< wall clock when this helper froze the set's file system; 0: it did not
  std::int64_t frozen_last = 0;     ///< the same of the last freeze, also one that has ended
  bool mapped = false;              ///< some of the set's files are mapped for shared writing
  const Manifest* hints = nullptr;  ///< the same set's manifest as a target: hashes that need not be computed again
  /// As for may_differ.
  [[nodiscard]] std::int64_t writes_ended() const { return frozen_since != 0 ? kNoneUnderWay : frozen_last; }
};

/// The writes of which nothing would tell at this moment: those through mappings.
struct Unseen {
  bool anywhere = false;                     ///< no events come
  std::unordered_set<std::uint64_t> inodes;  ///< mapped for writing now
  [[nodiscard]] bool may_hit(const Entry& entry) const {
    // Where every page was clean when the file was read, the first write to one moves the stamp.
    return !entry.is(Entry::synced) && (anywhere || inodes.contains(entry.ino));
  }
};

/// One set on the side that sends. One call at a time; the change log may be written to meanwhile.
class SourceSet {
 public:
  SourceSet(Tree tree, const FileSet& set, std::size_t pending_limit, std::uint64_t large_file);

  [[nodiscard]] const std::shared_ptr<ChangeLog>& log() const { return log_; }
  [[nodiscard]] const PathFilter& filter() const { return filter_; }
  [[nodiscard]] Tree& tree() { return tree_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  [[nodiscard]] bool ever_emitted() const { return complete_; }

  /// A root that was moved away and made anew, or mounted over, is another tree. True: it is what is carried from here
  /// on, and the next round looks at all of it.
  Result<bool> reopen();

  Result<EmitReport> emit(RoundMode mode, const ByteSource& manifest, const ByteSink& sink,
                          const RoundContext& context);
  /// `emit` in mode compare.
  Result<EmitReport> compare_some(const ByteSink& sink, Unseen unseen);
  Result<std::string> digest(const RoundContext& context);
  Result<Pending> pending();
  [[nodiscard]] bool has_large() const { return !large_.empty(); }
  /// As GuestFiles::large.
  Result<std::vector<std::string>> large(const RoundContext& context);
  /// Notes a change of every known path that has one of these inodes, with its flags; returns the flags that were
  /// noted.
  std::uint8_t note_inodes(const std::unordered_map<std::uint64_t, std::uint8_t>& inodes);

 private:
  class Round;
  struct Update {
    std::string path;
    Entry entry;
    bool large = false;
  };
  struct Compared {
    std::string after;         ///< the last path that is through; empty: none since the set's beginning
    std::string within;        ///< the one that was begun
    std::uint64_t offset = 0;  ///< up to where
  };
  using PathsBySize = std::set<std::pair<std::uint64_t, std::string>>;
  Result<EmitReport> emit_taken(RoundMode mode, Changes& changes, const ByteSource& manifest, const ByteSink& sink,
                                const RoundContext& context);
  Result<> compare_one(const std::string& path, const Unseen& unseen, ItemReader& reader, RecordWriter& writer,
                       EmitReport& report);
  Result<std::optional<Observed>> read_at_rest(const std::string& path, const Entry& entry, ItemReader& reader,
                                               Part& part);
  bool changed_unseen(const std::string& path, Entry& entry, const Hash& hash);
  [[nodiscard]] bool is_large(const struct stat& st) const;
  void note_size(const std::string& path, bool large);
  void note_likeness(const std::string& path, std::uint64_t size, std::uint64_t moved);
  bool goes_whole(const std::string& path);
  Result<PathsBySize> changed_large(const RoundContext& context);
  Result<RoundPlan> plan_round(bool scan, const Changes& changes, const RoundContext& context);
  Result<RoundPlan> plan_reconcile(const Changes& changes, const RoundContext& context);
  void keep_unchanged(const std::string& path, const struct stat& st, const Entry& theirs, const RoundContext& context);
  [[nodiscard]] const Entry* known_hash(const std::string& path, const struct stat& st,
                                        const RoundContext& context) const;
  Result<> send_plan(const RoundPlan& plan, RecordWriter& writer, Round& round);
  Result<> send_item(const std::string& path, const Item& item, RecordWriter& writer, Round& round);
  Result<std::optional<Observed>> observe(const std::string& path, const Item& item, RecordWriter* writer,
                                          Round& round);
  [[nodiscard]] std::optional<Entry> already_there(const std::string& path, const Item& item) const;
  void commit(Round& round, bool reconciled);
  void forget(const std::string& path);
  void carry(const std::string& path, const Entry& entry);

  Tree tree_;
  PathFilter filter_;
  std::shared_ptr<ChangeLog> log_;
  Manifest manifest_;
  SetDigest digest_;
  std::unique_ptr<Manifest> theirs_;   ///< the target's, during a reconciling round
  Signatures signatures_;              ///< of large files of the target's, during a round
  std::uint64_t large_file_;           ///< from this size on a file is worth a signature
  std::set<std::string> large_;        ///< files of that size, as they were last met
  std::map<std::string, int> unlike_;  ///< of these, for so many rounds yet no difference is made
  bool asked_ = false;                 ///< `large` named some: the next round is given signatures
  Compared compared_;                  ///< where the comparison stands
  bool complete_ = false;              ///< the manifest holds every path that the target may have
  std::uint32_t scan_ = 0;
  std::int64_t sync_started_ = 0;                                     ///< every page that was dirty then is clean now
  std::int64_t frozen_last_ = 0;                                      ///< as in this round's context
  std::unordered_map<std::string, std::pair<Stamp, Hash>> digested_;  ///< pending paths as the last digest read them
};

}  // namespace moult::files
