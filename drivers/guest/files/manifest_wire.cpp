// A manifest as bytes: magic, blocks of entries (each path as what it shares with the one before, and the rest),
// conflicts, an end with a hash of every byte before it.
#include <array>

#include "drivers/guest/files/manifest.hpp"
#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

constexpr std::string_view kMagic = "moult-manifest/2";
constexpr std::size_t kBlockBytes = 128U << 10;
constexpr std::size_t kBlockLimit = 256U << 10;
enum class Block : std::uint8_t { entries = 1, conflicts = 2, end = 3 };

class BlockSink {
 public:
  explicit BlockSink(const ByteSink& sink) : sink_(sink) {}
  Result<> put(std::string_view bytes) {
    hasher_.update(bytes);
    return sink_(std::as_bytes(std::span(bytes)));
  }
  Result<> block(Block kind, std::string_view body) {
    std::string bytes;
    WireWriter writer(bytes);
    writer.number(static_cast<std::uint8_t>(kind));
    writer.text(body);
    return put(bytes);
  }
  Result<> end() {
    const Hash hash = hasher_.hash();
    return block(Block::end, {reinterpret_cast<const char*>(hash.data()), hash.size()});
  }

 private:
  const ByteSink& sink_;
  Hasher hasher_;
};

void write_path(WireWriter& writer, const std::string& path, const std::string& before) {
  std::size_t shared = 0;
  while (shared < path.size() && shared < before.size() && path[shared] == before[shared]) ++shared;
  writer.number(static_cast<std::uint16_t>(shared));
  writer.text(std::string_view(path).substr(shared));
}

void write_entry(WireWriter& writer, const Entry& entry) {
  writer.number(entry.ino);
  writer.number(entry.attributes);
  writer.raw(std::span(entry.stamp));
  writer.number(entry.mode);
  writer.number(entry.flags);
  if (entry.is(Entry::hash_valid) || entry.is(Entry::carried)) writer.raw(std::span(entry.hash));
}

Entry read_entry(WireReader& reader) {
  Entry entry;
  entry.ino = reader.number<std::uint64_t>();
  entry.attributes = reader.number<std::uint64_t>();
  reader.raw_into(entry.stamp);
  entry.mode = reader.number<std::uint32_t>();
  entry.flags = reader.number<std::uint8_t>();
  if (entry.is(Entry::hash_valid) || entry.is(Entry::carried)) reader.raw_into(entry.hash);
  return entry;
}

Unexpected broken(const char* why) {
  return fail(Code::invalid, std::string("the manifest of the target is broken: ") + why,
              "take a new manifest from the target");
}

/// Reads exactly, and hashes what it reads.
class BlockSource {
 public:
  explicit BlockSource(const ByteSource& source) : source_(source) {}
  Result<> fill(std::span<char> bytes) {
    while (!bytes.empty()) {
      MOULT_ASSIGN(const auto got, source_(std::as_writable_bytes(bytes)));
      if (got == 0 || got > bytes.size()) return broken("it ends early");
      bytes = bytes.subspan(got);
    }
    return {};
  }
  Result<std::string> take(std::size_t size) {
    std::string bytes(size, '\0');
    MOULT_TRY(fill(bytes));
    return bytes;
  }
  void hash(std::string_view bytes) { hasher_.update(bytes); }
  Hash total() const { return hasher_.hash(); }

 private:
  const ByteSource& source_;
  Hasher hasher_;
};

Result<> read_entries(std::string_view body, Manifest& manifest) {
  WireReader reader(body);
  std::string path;
  while (!reader.at_end()) {
    const auto shared = reader.number<std::uint16_t>();
    const auto rest = reader.text(4096);
    const auto entry = read_entry(reader);
    if (!reader.good() || shared > path.size()) return broken("an entry is cut off");
    path = path.substr(0, shared).append(rest);
    if (!is_plain_path(path)) return broken("a path leaves the set");
    manifest.put(path, entry);
  }
  return {};
}

Result<> read_conflicts(std::string_view body, PathSet& conflicts) {
  WireReader reader(body);
  while (!reader.at_end()) {
    const auto path = reader.text(4096);
    if (!reader.good() || !is_plain_path(path)) return broken("a conflict is no path of the set");
    conflicts.emplace(path, 0);
  }
  return {};
}

}  // namespace

Result<> save_manifest(const Manifest& manifest, const PathSet& conflicts, const ByteSink& sink) {
  BlockSink blocks(sink);
  MOULT_TRY(blocks.put(kMagic));
  std::string body, before;
  const auto flush = [&](Block kind) -> Result<> {
    if (body.empty()) return {};
    MOULT_TRY(blocks.block(kind, body));
    body.clear();
    before.clear();
    return {};
  };
  for (const auto& [path, entry] : manifest) {
    WireWriter writer(body);
    write_path(writer, path, before);
    write_entry(writer, entry);
    before = path;
    if (body.size() >= kBlockBytes) MOULT_TRY(flush(Block::entries));
  }
  MOULT_TRY(flush(Block::entries));
  for (const auto& [path, unused] : conflicts) {
    WireWriter(body).text(path);
    if (body.size() >= kBlockBytes) MOULT_TRY(flush(Block::conflicts));
  }
  MOULT_TRY(flush(Block::conflicts));
  return blocks.end();
}

Result<> load_manifest(const ByteSource& source, Manifest& manifest, PathSet& conflicts) {
  BlockSource blocks(source);
  MOULT_ASSIGN(const auto magic, blocks.take(kMagic.size()));
  if (magic != kMagic) return broken("it does not begin like one");
  blocks.hash(magic);
  while (true) {
    std::array<char, 5> head{};
    MOULT_TRY(blocks.fill(head));
    const auto kind = static_cast<std::uint8_t>(head[0]);
    const auto size = WireReader({head.data() + 1, head.size() - 1}).number<std::uint32_t>();
    if (size > kBlockLimit) return broken("a block is too long");
    MOULT_ASSIGN(const auto body, blocks.take(size));
    if (kind == static_cast<std::uint8_t>(Block::end)) {
      const auto total = blocks.total();
      if (body != std::string_view(reinterpret_cast<const char*>(total.data()), total.size()))
        return broken("its hash is wrong");
      return {};
    }
    blocks.hash({head.data(), head.size()});
    blocks.hash(body);
    if (kind == static_cast<std::uint8_t>(Block::entries))
      MOULT_TRY(read_entries(body, manifest));
    else if (kind == static_cast<std::uint8_t>(Block::conflicts))
      MOULT_TRY(read_conflicts(body, conflicts));
    else
      return broken("a block of an unknown kind");
  }
}

}  // namespace moult::files
