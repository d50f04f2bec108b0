#include "drivers/component/archive/normalise.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>

#include "descriptors/base/text.hpp"
#include "drivers/component/archive/entry_rules.hpp"

namespace moult {
namespace {

constexpr std::size_t kBlock = 64U << 10;
constexpr unsigned kModeBits = 0777;

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;
using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Header = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

std::string why(archive* handle) {
  const char* text = archive_error_string(handle);
  return text == nullptr ? "unknown reason" : printable(text, 200);
}

Unexpected unreadable(const std::string& path, archive* handle) {
  return fail(Code::invalid, "archive " + path + " cannot be read: " + why(handle));
}

Result<Reader> open_reader(const std::string& path) {
  Reader reader(archive_read_new(), &archive_read_free);
  if (!reader) return fail(Code::internal, "no memory for an archive");
  archive_read_support_format_tar(reader.get());
  // Not "all filters": some of those would start programs.
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_lz4(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK)
    return unreadable(path, reader.get());
  return reader;
}

std::string text_of(const char* text) { return text == nullptr ? std::string() : std::string(text); }

ArchiveEntry entry_of(archive_entry* header) {
  ArchiveEntry entry{text_of(archive_entry_pathname(header)), EntryType::other, {}};
  if (archive_entry_hardlink(header) != nullptr)
    return {entry.path, EntryType::hardlink, archive_entry_hardlink(header)};
  switch (archive_entry_filetype(header)) {
    case AE_IFREG:
      entry.type = EntryType::file;
      break;
    case AE_IFDIR:
      entry.type = EntryType::directory;
      break;
    case AE_IFLNK:
      entry.type = EntryType::symlink;
      entry.link = text_of(archive_entry_symlink(header));
      break;
    default:
      break;
  }
  return entry;
}

/// Receives what was admitted; both members may be empty for a mere inspection.
struct Receiver {
  std::function<Result<>(const ArchiveEntry&, archive_entry*)> header = {};
  std::function<Result<>(const void*, std::size_t)> data = {};
};

/// One reading of an archive under rules and limits.
class Walk {
 public:
  Walk(const std::string& path, const ArchiveLimits& limits, Receiver receiver)
      : path_(path), limits_(limits), receiver_(std::move(receiver)) {}

  Result<ArchiveFacts> run() {
    MOULT_ASSIGN(const auto reader, open_reader(path_));
    for (archive_entry* header = nullptr;;) {
      const int status = archive_read_next_header(reader.get(), &header);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) return unreadable(path_, reader.get());
      if (auto taken = take(reader.get(), header); !taken) return pass(std::move(taken), "archive " + path_);
    }
    if (facts_.entries == 0) return fail(Code::invalid, "archive " + path_ + " is empty");
    return facts_;
  }

 private:
  Result<> take(archive* reader, archive_entry* header) {
    if (++facts_.entries > limits_.entries)
      return fail(Code::invalid, "more than " + std::to_string(limits_.entries) + " entries");
    auto entry = entry_of(header);
    MOULT_ASSIGN(entry.path, rules_.admit(entry));
    if (entry.path.empty()) return {};
    if (entry.type == EntryType::hardlink) entry.link = EntryRules::plain(entry.link);
    if (receiver_.header) MOULT_TRY(receiver_.header(entry, header));
    return entry.type == EntryType::file ? take_data(reader) : Result<>{};
  }

  Result<> take_data(archive* reader) {
    std::array<char, kBlock> buffer;
    for (;;) {
      const auto got = archive_read_data(reader, buffer.data(), buffer.size());
      if (got < 0) return fail(Code::invalid, "cannot be read: " + why(reader));
      if (got == 0) return {};
      facts_.bytes += static_cast<std::uint64_t>(got);
      MOULT_TRY(check_size(static_cast<std::uint64_t>(archive_filter_bytes(reader, -1))));
      if (receiver_.data) MOULT_TRY(receiver_.data(buffer.data(), static_cast<std::size_t>(got)));
    }
  }

  [[nodiscard]] Result<> check_size(std::uint64_t packed) const {
    if (facts_.bytes > limits_.bytes)
      return fail(Code::invalid, "unpacks to more than " + std::to_string(limits_.bytes) + " bytes");
    if (facts_.bytes > limits_.ratio_from && facts_.bytes / std::max<std::uint64_t>(packed, 1) > limits_.ratio)
      return fail(Code::invalid, "unpacks to more than " + std::to_string(limits_.ratio) + " times its size");
    return {};
  }

  const std::string& path_;
  const ArchiveLimits& limits_;
  Receiver receiver_;
  EntryRules rules_;
  ArchiveFacts facts_;
};

/// A header of our own making: nothing of the vendor's but name, kind, size, permissions and time.
Header clean_header(const ArchiveEntry& entry, archive_entry* from) {
  Header header(archive_entry_new(), &archive_entry_free);
  archive_entry_set_pathname(header.get(), entry.path.c_str());
  archive_entry_set_mtime(header.get(), archive_entry_mtime(from), 0);
  archive_entry_set_perm(header.get(), archive_entry_perm(from) & kModeBits);
  archive_entry_set_uname(header.get(), "root");
  archive_entry_set_gname(header.get(), "root");
  archive_entry_set_filetype(header.get(), entry.type == EntryType::directory ? AE_IFDIR
                                           : entry.type == EntryType::symlink ? AE_IFLNK
                                                                              : AE_IFREG);
  if (entry.type == EntryType::symlink) archive_entry_set_symlink(header.get(), entry.link.c_str());
  if (entry.type == EntryType::hardlink) archive_entry_set_hardlink(header.get(), entry.link.c_str());
  archive_entry_set_size(header.get(), entry.type == EntryType::file ? archive_entry_size(from) : 0);
  return header;
}

Unexpected not_written(archive* writer) {
  return fail(archive_errno(writer) == ENOSPC ? Code::no_space : Code::io,
              "the unpacked archive cannot be written to the temporary directory: " + why(writer),
              "free space there, or set TMPDIR to a directory with more");
}

Receiver receiver_into(archive* writer) {
  return {[writer](const ArchiveEntry& entry, archive_entry* from) -> Result<> {
            if (archive_write_header(writer, clean_header(entry, from).get()) != ARCHIVE_OK) return not_written(writer);
            return {};
          },
          [writer](const void* data, std::size_t size) -> Result<> {
            if (archive_write_data(writer, data, size) != static_cast<la_ssize_t>(size)) return not_written(writer);
            return {};
          }};
}

}  // namespace

Result<ArchiveFacts> inspect_archive(const std::string& path, const ArchiveLimits& limits) {
  return Walk(path, limits, {}).run();
}

Result<Fd> normalise_archive(const std::string& path, const ArchiveLimits& limits) {
  std::error_code error;
  const auto directory = std::filesystem::temp_directory_path(error);
  Fd file(::open(error ? "/tmp" : directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return fail(Code::io, "no temporary file in " + directory.string() + ": " + std::strerror(errno));
  const Writer writer(archive_write_new(), &archive_write_free);
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_add_filter_none(writer.get());
  if (archive_write_open_fd(writer.get(), file.get()) != ARCHIVE_OK) return not_written(writer.get());
  MOULT_TRY(Walk(path, limits, receiver_into(writer.get())).run());
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return not_written(writer.get());
  return file;
}

}  // namespace moult
