#include "drivers/sim/records.hpp"

#include <algorithm>
#include <cstring>

namespace moult::sim {
namespace {

constexpr std::size_t kPiece = 4096;  ///< small, so that a round of any size comes in several pieces
constexpr char kChanged = 'P', kGone = 'D', kEnd = 'E', kHeld = 'H';

void put(std::string& out, std::uint64_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

void put(std::string& out, const std::string& text) {
  put(out, std::uint64_t{text.size()});
  out.append(text);
}

/// Reads what `put` wrote; once something is missing, everything after it is.
class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  char tag() { return take(1) ? bytes_[at_ - 1] : '\0'; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (take(sizeof value)) std::memcpy(&value, bytes_.data() + at_ - sizeof value, sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number();
    return take(size) ? bytes_.substr(at_ - size, size) : std::string();
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  bool take(std::uint64_t size) {
    good_ = good_ && size <= bytes_.size() - at_;
    if (good_) at_ += size;
    return good_;
  }
  const std::string& bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

Unexpected cut_short(const char* what) {
  return fail(Code::invalid, std::string("the ") + what + " ends early: it is not complete");
}

FileNode read_node(Reader& reader) {
  FileNode node;
  node.kind = static_cast<FileNode::Kind>(reader.number());
  node.mode = static_cast<std::uint32_t>(reader.number());
  node.content = reader.text();
  return node;
}

}  // namespace

std::string encode_round(const std::vector<Record>& records) {
  std::string out;
  for (const auto& record : records) {
    out.push_back(record.gone ? kGone : kChanged);
    put(out, record.path);
    if (record.gone) continue;
    put(out, static_cast<std::uint64_t>(record.node.kind));
    put(out, std::uint64_t{record.node.mode});
    put(out, record.node.content);
  }
  out.push_back(kEnd);
  put(out, std::uint64_t{records.size()});
  return out;
}

Result<std::vector<Record>> decode_round(const std::string& bytes) {
  std::vector<Record> records;
  Reader reader(bytes);
  for (char tag = reader.tag(); tag != kEnd; tag = reader.tag()) {
    if (tag != kChanged && tag != kGone) return cut_short("round");
    Record record{reader.text(), tag == kGone, {}};
    if (!record.gone) record.node = read_node(reader);
    if (!reader.good()) return cut_short("round");
    records.push_back(std::move(record));
  }
  if (reader.number() != records.size() || !reader.good()) return cut_short("round");
  return records;
}

std::string encode_manifest(const Target& target) {
  std::string out;
  for (const auto& [path, held] : target.held) {
    out.push_back(kHeld);
    put(out, path);
    put(out, held.stamp);
    put(out, held.sum);
    put(out, std::uint64_t{held.carried});
  }
  out.push_back(kEnd);
  return out;
}

Result<std::map<std::string, Held>> decode_manifest(const std::string& bytes) {
  std::map<std::string, Held> held;
  Reader reader(bytes);
  for (char tag = reader.tag(); tag != kEnd; tag = reader.tag()) {
    if (tag != kHeld) return cut_short("manifest");
    auto path = reader.text();
    Held one;
    one.stamp = reader.number();
    one.sum = reader.number();
    one.carried = reader.number() != 0;
    if (!reader.good()) return cut_short("manifest");
    held.emplace(std::move(path), one);
  }
  return held;
}

Result<> send(const std::string& bytes, const ByteSink& sink) {
  const auto all = std::as_bytes(std::span(bytes.data(), bytes.size()));
  for (std::size_t at = 0; at < all.size(); at += kPiece)
    MOULT_TRY(sink(all.subspan(at, std::min(kPiece, all.size() - at))));
  return {};
}

Result<std::string> receive(const ByteSource& source) {
  std::string bytes;
  std::byte piece[kPiece];
  for (;;) {
    MOULT_ASSIGN(const auto size, source(piece));
    if (size == 0) return bytes;
    bytes.append(reinterpret_cast<const char*>(piece), size);
  }
}

}  // namespace moult::sim
