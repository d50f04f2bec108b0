#include "migration/file_bases.hpp"

#include <algorithm>
#include <utility>

namespace moult {
namespace {

constexpr std::size_t kMostPaths = 256;  // of one round; a source that keeps to what was agreed names no more

}  // namespace

/// Empty: the target has no file there that a difference could start from. It is not trusted to keep to what was
/// agreed.
Result<FileBases::Signature> FileBases::fetch(GuestFiles& target, const std::string& path) const {
  Signature signature;
  MOULT_TRY(target.signatures(set_, {path}, [&signature](Bytes bytes) -> Result<> {
    if (bytes.size() > kSignatureBytes - signature.size())
      return fail(Code::invalid, "the target sends a signature without end", "See whether the clone is sound.");
    signature.insert(signature.end(), bytes.begin(), bytes.end());
    return {};
  }));
  return signature;
}

Result<FileBases::Signature> FileBases::take(GuestFiles& target, const std::string& path) {
  const auto held = held_.find(path);
  if (held == held_.end()) return fetch(target, path);
  auto signature = std::move(held->second);
  held_.erase(held);
  return signature;
}

Result<> FileBases::add_to(std::vector<std::byte>& bytes, GuestFiles& source, GuestFiles& target, bool surely) {
  used_.clear();
  if (!any_large_ && !surely) return {};
  MOULT_ASSIGN(auto changed, source.large(set_));
  changed.resize(std::min(changed.size(), kMostPaths));
  std::size_t room = kSignatureBytes;
  for (auto& path : changed) {
    if (spoilt_.contains(path)) continue;
    MOULT_ASSIGN(const auto signature, take(target, path));
    if (signature.empty()) continue;
    if (signature.size() > room) break;  // to make one more would be for nothing
    room -= signature.size();
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    used_.push_back(std::move(path));
  }
  return {};
}

void FileBases::met(const EmitReport& emitted, const ApplyReport& applied) {
  any_large_ = emitted.large > 0;
  for (const auto& path : applied.paths) held_.erase(path);
  spoilt_.insert(applied.stale.begin(), applied.stale.end());
  std::erase_if(used_, [this](const std::string& path) { return spoilt_.contains(path); });
}

void FileBases::fetch_ahead(GuestFiles& target) {
  std::size_t room = kSignatureBytes;
  for (const auto& [path, signature] : held_) room -= std::min(room, signature.size());
  for (const auto& path : std::exchange(used_, {})) {
    auto signature = fetch(target, path);
    if (!signature || signature->empty() || signature->size() > room) continue;
    room -= signature->size();
    held_.insert_or_assign(path, std::move(*signature));
  }
}

}  // namespace moult
