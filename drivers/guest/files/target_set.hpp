#pragma once

#include <memory>
#include <mutex>

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/manifest.hpp"
#include "drivers/guest_files.hpp"

namespace moult::files {

/// One set on the side that receives. One call at a time, which `mutex` sees to.
class TargetSet {
 public:
  TargetSet(Tree tree, const FileSet& set)
      : tree_(std::move(tree)), filter_(set.include, set.exclude), rules_(set.conflict) {}

  /// Looks at the whole tree. What it finds is not the target's own change. `hints`: hashes known from elsewhere; may
  /// be null.
  Result<> scan(const Manifest* hints);
  Result<> restore(const ByteSource& source);
  Result<> save(const ByteSink& sink) const { return save_manifest(manifest_, conflicts_, sink); }
  Result<> accept(const std::vector<std::string>& paths);
  Result<> signatures(const std::vector<std::string>& paths, const ByteSink& sink);
  [[nodiscard]] std::string digest() const;
  void set_rules(const FileSet& set);
  [[nodiscard]] const Manifest& known() const { return manifest_; }

  std::mutex mutex;

 private:
  friend class ApplyRound;
  Result<Entry> look(const std::string& path, const struct stat& st);
  Result<bool> own_change(const std::string& path, const std::optional<struct stat>& st);
  [[nodiscard]] const PatternRule* rule_for(const std::string& path) const;
  Result<> accept_one(const std::string& path, const std::optional<struct stat>& st);
  Result<std::string> signature_of_one(const std::string& path, std::size_t room);

  Tree tree_;
  PathFilter filter_;
  std::vector<PatternRule> rules_;
  Manifest manifest_;
  SetDigest digest_;
  PathSet conflicts_;  ///< standing: the original's change was not applied
};

}  // namespace moult::files
