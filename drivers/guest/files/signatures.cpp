#include "drivers/guest/files/signatures.hpp"

#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

Unexpected broken(const char* why) {
  return fail(Code::invalid, std::string("the signatures of the target's large files are broken: ") + why,
              "begin a new round");
}

/// False at the source's end; anything between nothing and the whole is an error.
Result<bool> fill(const ByteSource& source, std::span<std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    MOULT_ASSIGN(const auto got, source(bytes.subspan(done)));
    if (got == 0 && done == 0) return false;
    if (got == 0 || got > bytes.size() - done) return broken("they end early");
    done += got;
  }
  return true;
}

Result<> read_one(std::string_view body, Signatures& signatures) {
  WireReader reader(body);
  const std::string path(reader.text(4095));
  Signature signature;
  reader.raw_into(signature.stamp);
  signature.bytes = reader.rest();
  if (!reader.good() || !is_plain_path(path)) return broken("one is cut off");
  signatures.insert_or_assign(path, std::move(signature));
  return {};
}

}  // namespace

std::string saved_signature(const std::string& path, const Signature& signature) {
  std::string body, bytes;
  WireWriter writer(body);
  writer.text(path);
  writer.raw(std::span(signature.stamp));
  writer.raw(signature.bytes);
  WireWriter(bytes).text(body);
  return bytes;
}

Result<Signatures> load_signatures(const ByteSource& source) {
  Signatures signatures;
  for (std::size_t total = 0;;) {
    std::string head(4, '\0');
    MOULT_ASSIGN(const bool more, fill(source, std::as_writable_bytes(std::span(head))));
    if (!more) return signatures;
    const auto size = WireReader(head).number<std::uint32_t>();
    total += head.size() + size;
    if (size == 0 || total > kSignatureBytes) return broken("they are too long");
    std::string body(size, '\0');
    MOULT_ASSIGN(const bool whole, fill(source, std::as_writable_bytes(std::span(body))));
    if (!whole) return broken("they end early");
    MOULT_TRY(read_one(body, signatures));
  }
}

}  // namespace moult::files
