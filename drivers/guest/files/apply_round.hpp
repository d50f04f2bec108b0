#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "drivers/guest/files/item_reader.hpp"
#include "drivers/guest/files/patched_file.hpp"
#include "drivers/guest/files/target_set.hpp"
#include "drivers/guest/files/temp_item.hpp"

namespace moult::files {

struct MergeSettings {
  std::string work_dir;
  Millis timeout;
};

/// Applies one round to a target as its records come. Each path is old or new, never between. What was carried is
/// recorded only by `finish`.
class ApplyRound final : public ApplyStream, private RecordHandler {
 public:
  ApplyRound(std::shared_ptr<TargetSet> set, MergeSettings merge);
  ~ApplyRound() override;
  Result<> write(Bytes records) override;
  Result<ApplyReport> finish() override;

 private:
  enum class Decision { apply, unchanged, keep, conflict, merge };
  struct Carried {
    Hash hash{};
    bool as_is = true;  ///< the target holds exactly what came, not its own version
  };
  struct Times {
    std::int64_t mtime = 0, atime = 0;
    std::uint32_t inode_flags = 0;
  };
  /// Names of an inode that is about to lose or gain one, and did not change otherwise: their stamps move with it.
  using Siblings = std::vector<std::string>;
  using Inode = std::pair<dev_t, ino_t>;

  Result<> on_entry(Meta meta) override;
  Result<> on_data(std::uint64_t offset, Bytes bytes) override;
  Result<> on_base(const Stamp& stamp) override;
  Result<> on_delta(Bytes bytes) override;
  Result<> on_close(const Close& close) override;
  Result<> on_check(const Check& check) override;
  Result<> on_deletion(const std::string& path) override;
  Result<> on_end(const RoundEnd& counts) override;

  Result<bool> prepare_parent(const std::string& path);
  Result<std::optional<Hash>> content_of(const Close& close);
  [[nodiscard]] bool waits() const;
  Result<> settle(const Close& close);
  Result<> settle_orphan(const Close& close);
  Result<Decision> decide(const std::optional<struct stat>& present, const Hash& incoming);
  Result<bool> equals_present(const struct stat& present, const Hash& incoming);
  Result<bool> present_is_link_to_first(const std::optional<struct stat>& present);
  Result<bool> first_is_as_came();
  [[nodiscard]] Decision by_rule(const std::string& path, bool can_merge) const;
  Result<> install(const std::optional<struct stat>& present, const Close& close);
  Result<> merge(const struct stat& present, const Close& close);
  Result<> replace(const std::optional<struct stat>& present, const Close& close);
  Result<> make(const Close& close, Siblings& siblings);
  Result<> dress_directory();
  Result<> record_present(const std::string& path);
  Result<bool> replaced_below(const std::string& path);
  void carried(const std::string& path, const Hash& hash, bool as_is) { carried_[path] = {hash, as_is}; }
  void note_conflict(const std::string& path);
  void note_free(const std::string& path);
  void note_kept(const std::string& path);
  void note_applied(const std::string& path);

  void delete_known(const std::string& path);
  void forget_below();
  Result<> delete_found(const std::string& path, const struct stat& st);
  Result<bool> delete_one(const std::string& path, bool holds_kept);
  Result<bool> may_delete(const std::string& path, const struct stat& st);

  Result<Siblings> siblings_of(const std::string& path, const struct stat& st);
  Siblings names_as_known(const struct stat& st, const std::string& but = {});
  Result<> restamp(const Siblings& names);
  [[nodiscard]] Stamp stamp_now(const std::string& path, const Stamp& before) const;
  Result<> touch_parent(const std::string& path);
  Result<> restore_directories();
  Result<> seal_later(std::uint32_t inode_flags);
  Result<bool> unseal(const std::string& path);
  Result<> seal(const Inode& inode, std::uint32_t flags);
  Result<> seal_files();
  void commit();
  void commit_deletions();
  [[nodiscard]] bool as_it_came(const std::string& path) const;
  void commit_differing();

  std::shared_ptr<TargetSet> set_;
  Tree& tree_;
  Manifest& manifest_;
  MergeSettings merge_;
  RecordReader records_;
  ItemReader reader_;
  Meta meta_;
  std::unique_ptr<TempItem> temp_;
  std::unique_ptr<PatchedFile> patched_;  ///< the present file comes as a difference
  bool stale_ = false;                    ///< as one from a version that is no more
  ContentHash content_;
  bool orphan_ = false;                       ///< the directory of the present record is missing
  std::map<std::string, Times> directories_;  ///< to be restored at the round's end
  std::map<Inode, std::uint32_t> sealed_;     ///< flags that files are to get at the round's end
  std::unordered_map<std::string, Carried> carried_;
  std::unordered_map<std::string, Stamp> restamped_;  ///< as they were before this round
  std::vector<std::string> deleted_;
  std::map<std::string, bool> verdicts_;  ///< path -> is it a conflict now; of others it stays as it was
  ApplyReport report_;
  bool ended_ = false, broken_ = false, finished_ = false;
};

}  // namespace moult::files
