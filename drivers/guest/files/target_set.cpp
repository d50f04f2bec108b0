#include "drivers/guest/files/target_set.hpp"

#include <unordered_set>

#include "drivers/guest/files/delta.hpp"
#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/remove_tree.hpp"
#include "drivers/guest/files/signatures.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

/// What a path is now, with its attributes when it is a directory.
Result<Entry> TargetSet::look(const std::string& path, const struct stat& st) {
  Entry entry = entry_of(st);
  entry.set(Entry::settled, changed_before(st, wall_now()));
  if (!S_ISDIR(st.st_mode)) return entry;
  Meta meta = meta_of(path, st);
  MOULT_ASSIGN(const auto place, tree_.place(path));
  if (place) {
    MOULT_ASSIGN(auto xattrs, read_xattrs(*place));
    if (xattrs) meta.xattrs = std::move(*xattrs);
  }
  entry.attributes = directory_attributes(meta);
  return entry;
}

Result<> TargetSet::scan(const Manifest* hints) {
  manifest_.clear();
  digest_ = SetDigest{};
  conflicts_.clear();
  std::vector<std::string> left_over;
  const auto meet = [&](const Visit& found) -> Result<bool> {
    if (is_temporary_name(last_name_of(found.path))) {
      left_over.push_back(found.path);
      return false;
    }
    if (!filter_.open_below(found.path)) return false;
    if (!S_ISDIR(found.st.st_mode) && !filter_.included(found.path)) return true;
    MOULT_ASSIGN(auto entry, look(found.path, found.st));
    const auto* hint = hints == nullptr ? nullptr : hints->find(found.path);
    if (hint != nullptr && hint->stamp == entry.stamp && hint->is(Entry::hash_valid) && hint->is(Entry::settled)) {
      entry.hash = hint->hash;
      entry.set(Entry::hash_valid);
    }
    manifest_.put(found.path, entry);
    return true;
  };
  MOULT_ASSIGN(const auto root, tree_.stat("."));
  const std::string dot = ".";
  if (root) MOULT_TRY(meet(Visit{dot, *root}).map([](bool) {}));
  MOULT_TRY(walk(tree_, ".", PathFilter::everything(), meet));
  for (const auto& path : left_over) MOULT_TRY(remove_tree(tree_, path));
  tree_.forget();
  return {};
}

Result<> TargetSet::restore(const ByteSource& source) {
  manifest_.clear();
  digest_ = SetDigest{};
  conflicts_.clear();
  MOULT_TRY(load_manifest(source, manifest_, conflicts_));
  for (const auto& [path, entry] : manifest_)
    if (entry.is(Entry::carried)) digest_.add(path, entry.hash);
  return {};
}

/// Did the target itself change the path since it was last looked at or written to?
Result<bool> TargetSet::own_change(const std::string& path, const std::optional<struct stat>& st) {
  const auto* known = manifest_.find(path);
  const bool was_there = known != nullptr && !known->is(Entry::absent);
  if (!st || !was_there) return st.has_value() != was_there;
  if (S_ISDIR(st->st_mode) != S_ISDIR(known->mode)) return true;
  if (!S_ISDIR(st->st_mode)) return known->stamp != stamp_of(*st);
  const auto attributes = known->attributes;
  MOULT_ASSIGN(const auto now, look(path, *st));
  return now.attributes != attributes;
}

void TargetSet::set_rules(const FileSet& set) {
  filter_ = PathFilter(set.include, set.exclude);
  rules_ = set.conflict;
}

const PatternRule* TargetSet::rule_for(const std::string& path) const {
  for (const auto& rule : rules_)
    if (glob_matches(rule.pattern, path)) return &rule;
  return nullptr;
}

Result<> TargetSet::accept(const std::vector<std::string>& paths) {
  tree_.forget();
  for (const auto& path : paths) {
    if (!is_plain_path(path)) return fail(Code::usage, "a path to accept leaves the set: " + shown(path));
    MOULT_ASSIGN(const auto st, tree_.stat(path));
    MOULT_TRY(accept_one(path, st));
    if (!st || S_ISDIR(st->st_mode) || st->st_nlink < 2) continue;
    for (const auto& name : manifest_.names_of(st->st_ino)) {  // what was written through one name, all names show
      MOULT_ASSIGN(const auto other, tree_.stat(name));
      if (other && same_inode(*other, *st)) MOULT_TRY(accept_one(name, other));
    }
  }
  if (!paths.empty()) return {};
  std::unordered_set<std::string> met{"."};
  MOULT_ASSIGN(const auto root, tree_.stat("."));
  MOULT_TRY(accept_one(".", root));
  const auto meet = [&](const Visit& found) -> Result<bool> {
    met.insert(found.path);
    return accept_one(found.path, found.st).map([] { return true; });
  };
  MOULT_TRY(walk(tree_, ".", filter_, meet));
  std::vector<std::string> gone;
  for (const auto& [path, entry] : manifest_)
    if (!met.contains(path)) gone.push_back(path);
  for (const auto& path : gone) MOULT_TRY(accept_one(path, std::nullopt));
  tree_.forget();
  return {};
}

/// Takes the present state as known. What was carried stays in the digest as it came, before `migrate`.
Result<> TargetSet::accept_one(const std::string& path, const std::optional<struct stat>& st) {
  const auto* known = manifest_.find(path);
  Entry entry;
  if (st) {
    MOULT_ASSIGN(entry, look(path, *st));
  } else {
    if (known == nullptr) return {};
    if (!known->is(Entry::carried)) {
      manifest_.erase(path);
      return {};
    }
    entry.set(Entry::absent);
  }
  if (known != nullptr) {
    entry.hash = known->hash;
    entry.set(Entry::carried, known->is(Entry::carried));
    entry.set(Entry::hash_valid, st && known->is(Entry::hash_valid) && known->stamp == entry.stamp);
    entry.set(Entry::doubted, known->is(Entry::doubted));
  }
  entry.set(Entry::turned, known == nullptr || known->is(Entry::turned) || known->stamp != entry.stamp);
  manifest_.put(path, entry);
  return {};
}

Result<> TargetSet::signatures(const std::vector<std::string>& paths, const ByteSink& sink) {
  tree_.forget();
  std::size_t total = 0;
  for (const auto& path : paths) {
    MOULT_ASSIGN(const auto signature, signature_of_one(path, kSignatureBytes - total));
    if (!signature.empty()) MOULT_TRY(sink(std::as_bytes(std::span(signature))));
    total += signature.size();
  }
  tree_.forget();
  return {};
}

/// As it travels; empty for what is no such file, does not fit, or is changed here and would be stale when it is used.
Result<std::string> TargetSet::signature_of_one(const std::string& path, std::size_t room) {
  constexpr std::size_t kAround = 64;
  if (!is_plain_path(path)) return fail(Code::usage, "a path to sign leaves the set: " + shown(path));
  MOULT_ASSIGN(const auto place, tree_.place(path));
  const Fd fd = place ? open_file_at(*place) : Fd();
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !worth_a_signature(st)) return std::string();
  const auto size = static_cast<std::uint64_t>(st.st_size);
  MOULT_ASSIGN(const bool own, own_change(path, st));
  if (own || signature_size(size) + path.size() + kAround > room) return std::string();
  Signature signature{stamp_of(st), {}};
  MOULT_ASSIGN(signature.bytes, signature_of(fd.get(), size));
  return saved_signature(path, signature);
}

std::string TargetSet::digest() const {
  SetDigest digest = digest_;
  // A standing conflict is no path's content: it makes the digests differ for as long as it stands.
  for (const auto& [path, unused] : conflicts_) digest.add(std::string("conflict\0", 9) + path, Hash{});
  return digest.hex();
}

}  // namespace moult::files
