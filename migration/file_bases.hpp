#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "drivers/guest_files.hpp"

namespace moult {

/// The signatures of the target's large files that a round's differences start from. Each is given out once. Of files
/// that change again and again they are fetched behind a round, for the next one: the round under the fence finds them
/// here.
class FileBases {
 public:
  explicit FileBases(std::string set) : set_(std::move(set)) {}
  /// Adds what the next round is given of the large files that changed. `surely`: asks for them even if the last round
  /// met no large ones; it is one more question under the fence.
  [[nodiscard]] Result<> add_to(std::vector<std::byte>& bytes, GuestFiles& source, GuestFiles& target, bool surely);
  /// What is held may be out of date: files went whole.
  void forget() { held_.clear(); }
  /// What a round did: of paths that it carried or deleted, what is held is out of date. One that was stale has a
  /// second writer on the target, and goes whole from now on.
  void met(const EmitReport& emitted, const ApplyReport& applied);
  /// After a round, and after what it brought was turned into its new form. What cannot be fetched here is asked for,
  /// and fails, by the next round.
  void fetch_ahead(GuestFiles& target);

 private:
  using Signature = std::vector<std::byte>;
  [[nodiscard]] Result<Signature> take(GuestFiles& target, const std::string& path);
  [[nodiscard]] Result<Signature> fetch(GuestFiles& target, const std::string& path) const;
  std::string set_;
  bool any_large_ = true;          ///< the source may have files that are worth a signature
  std::set<std::string> spoilt_;   ///< were stale once
  std::vector<std::string> used_;  ///< of which the latest round was given signatures
  std::map<std::string, Signature> held_;
};

}  // namespace moult
