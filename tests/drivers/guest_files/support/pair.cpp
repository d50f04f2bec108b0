#include "support/pair.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "catch.hpp"
#include "drivers/guest/files/path_filter.hpp"

namespace moult::test {
namespace {

void must(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what + ": " + std::strerror(errno));
}

Moved required(Result<Moved> moved) {
  INFO(why(moved));
  REQUIRE(moved);
  return std::move(*moved);
}

}  // namespace

ByteSource source_of(std::string bytes) {
  return [bytes = std::move(bytes), at = std::size_t{0}](std::span<std::byte> out) mutable -> Result<std::size_t> {
    // Odd sizes on purpose: whoever reads must not count on whole pieces.
    const auto size = std::min({out.size(), bytes.size() - at, std::size_t{7919}});
    std::memcpy(out.data(), bytes.data() + at, size);
    at += size;
    return size;
  };
}

ByteSource nothing() { return source_of(""); }

Result<Moved> carry(GuestFiles& from, const std::string& set, GuestFiles& to, const std::string& to_set, RoundMode mode,
                    bool differences) {
  Moved moved;
  std::string manifest;
  if (mode == RoundMode::reconcile) {
    MOULT_TRY(to.manifest(to_set, [&](Bytes bytes) -> Result<> {
      manifest.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    }));
  }
  std::vector<std::string> large;
  if (differences && mode != RoundMode::compare) {
    MOULT_ASSIGN(large, from.large(set));
  }
  moved.large = large.size();
  if (!large.empty()) {
    MOULT_TRY(to.signatures(to_set, large, [&](Bytes bytes) -> Result<> {
      moved.signature_bytes += bytes.size();
      manifest.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    }));
  }
  MOULT_ASSIGN(auto stream, to.apply(to_set));
  const ByteSink sink = [&](Bytes bytes) -> Result<> {
    moved.stream_bytes += bytes.size();
    if (bytes.size() > (256U << 10)) return fail(Code::internal, "a piece of the stream is too large");
    return stream->write(bytes);
  };
  MOULT_ASSIGN(moved.emitted, from.emit(set, mode, source_of(manifest), sink));
  MOULT_ASSIGN(moved.applied, stream->finish());
  return moved;
}

Pair::Pair(const std::string& source_root, const std::string& target_root, LocalFilesOptions options)
    : source(make_local_files(options)), target(make_local_files(options)) {
  from.name = to.name = "data";
  from.root = source_root;
  to.root = target_root;
}

Pair::Pair(const std::string& source_root, const std::string& target_root, std::shared_ptr<GuestFiles> both,
           std::string name)
    : source(both), target(both) {
  from.name = name + "-from";
  to.name = name + "-to";
  from.root = source_root;
  to.root = target_root;
}

Moved Pair::begin() {
  const auto started = source->start_capture({from});
  INFO(why(started));
  REQUIRE(started);
  const auto opened = target->open_target(to);
  INFO(why(opened));
  REQUIRE(opened);
  return round(RoundMode::reconcile);
}

Result<Moved> Pair::try_round(RoundMode mode) { return carry(*source, from.name, *target, to.name, mode); }
Moved Pair::round(RoundMode mode) { return required(try_round(mode)); }
Moved Pair::whole_round() { return required(carry(*source, from.name, *target, to.name, RoundMode::reconcile, false)); }
Moved Pair::round_back(RoundMode mode) { return required(carry(*target, to.name, *source, from.name, mode)); }

std::string Pair::source_digest() {
  const auto digest = source->digest(from.name);
  INFO(why(digest));
  REQUIRE(digest);
  return *digest;
}

std::string Pair::target_digest() {
  const auto digest = target->digest(to.name);
  INFO(why(digest));
  REQUIRE(digest);
  return *digest;
}

void Pair::require_equal(SnapshotOptions options) {
  const auto found = differences(snapshot(from.root, options), snapshot(to.root, options));
  REQUIRE(found == std::vector<std::string>{});
  REQUIRE(source_digest() == target_digest());
}

std::string Pair::saved_manifest() {
  std::string bytes;
  REQUIRE(target->manifest(to.name, [&](Bytes piece) -> Result<> {
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return {};
  }));
  return bytes;
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.flush();
  must(out.good(), "write " + path);
}

void append_file(const std::string& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out << content;
  out.flush();
  must(out.good(), "append to " + path);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  must(in.good(), "read " + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

void let_settle() { ::usleep(60'000); }

void require_no_temporaries(const std::string& root) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    REQUIRE_FALSE(files::is_temporary_name(entry.path().filename().string()));
}

void make_directory(const std::string& path) { must(::mkdir(path.c_str(), 0755) == 0, "mkdir " + path); }

void set_times(const std::string& path, long seconds, long nanoseconds) {
  const struct timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  must(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0, "set times of " + path);
}

}  // namespace moult::test
