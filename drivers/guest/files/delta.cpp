#include "drivers/guest/files/delta.hpp"

#include <librsync.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "drivers/guest/files/extents.hpp"
#include "drivers/guest/files/record.hpp"

namespace moult::files {
namespace {

// Small blocks, so that a small change is a small delta; large enough that a signature stays below 6 MiB.
constexpr std::size_t kLeastBlock = 4096;
constexpr std::size_t kMostBlock = 4U << 20;
constexpr std::uint64_t kMostBlocks = 512U << 10;
constexpr std::size_t kHeadBytes = 12;   // magic, length of a block, length of a strong sum
constexpr std::size_t kStrongBytes = 8;  // the hash of the whole file has the last word
constexpr std::size_t kSumBytes = 4 + kStrongBytes;
constexpr std::size_t kPiece = RecordWriter::kDataBytes;
// Blocks that share a weak sum are looked at one by one. Among random ones a third of 2^19 has a partner, and hardly
// any four.
constexpr std::size_t kMostAlike = 32;

std::size_t block_of(std::uint64_t size) {
  std::size_t block = kLeastBlock;
  while (size / block > kMostBlocks) block *= 2;
  return block;
}

/// One of librsync's jobs, and room for what it makes.
class Job {
 public:
  Job(rs_job_t* job, const char* what) : job_(job), what_(what), room_(kPiece) { ::rs_trace_set_level(RS_LOG_CRIT); }

  /// Runs over what is there to be read, until it asks for more or is done.
  Result<> run(std::span<const std::byte> in, bool last, const Pieces& out) {
    rs_buffers_t buffers{};
    buffers.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(in.data()));
    buffers.avail_in = in.size();
    buffers.eof_in = last ? 1 : 0;
    while (true) {
      buffers.next_out = reinterpret_cast<char*>(room_.data());
      buffers.avail_out = room_.size();
      const auto result = ::rs_job_iter(job_.get(), &buffers);
      const auto made = room_.size() - buffers.avail_out;
      if (result != RS_DONE && result != RS_BLOCKED) return failed(::rs_strerror(result));
      if (made > 0) MOULT_TRY(out(std::span<const std::byte>(room_).first(made)));
      if (result == RS_DONE) return buffers.avail_in == 0 ? Result<>{} : failed("something follows its end");
      if (buffers.avail_in > 0 || made == room_.size()) continue;
      if (!last) return {};
      if (made == 0) return failed("it ends early");
    }
  }

 private:
  struct Free {
    void operator()(rs_job_t* job) const { ::rs_job_free(job); }
  };
  [[nodiscard]] Result<> failed(const char* why) const {
    return fail(Code::invalid, std::string(what_) + ": " + why, "send the round again");
  }
  std::unique_ptr<rs_job_t, Free> job_;
  const char* what_;
  std::vector<std::byte> room_;
};

struct FreeSignature {
  void operator()(rs_signature_t* signature) const { ::rs_free_sumset(signature); }
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

/// Do many different blocks share a weak sum? Not by chance.
bool is_crowded(const std::string& signature) {
  std::vector<std::pair<std::uint32_t, std::string_view>> sums;
  for (auto at = kHeadBytes; at < signature.size(); at += kSumBytes)
    sums.emplace_back(number_at(signature, at), std::string_view(signature).substr(at + 4, kStrongBytes));
  std::sort(sums.begin(), sums.end());
  sums.erase(std::unique(sums.begin(), sums.end()), sums.end());
  for (std::size_t i = kMostAlike; i < sums.size(); ++i)
    if (sums[i].first == sums[i - kMostAlike].first) return true;
  return false;
}

double seconds_of_this_thread() {
  struct timespec used {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// librsync keeps in memory as much of a file as the block that is written there, whatever its length.
bool is_signature(const std::string& bytes) {
  if (bytes.size() < kHeadBytes || (bytes.size() - kHeadBytes) % kSumBytes != 0) return false;
  const auto block = number_at(bytes, 4);
  return number_at(bytes, 0) == RS_RK_BLAKE2_SIG_MAGIC && number_at(bytes, 8) == kStrongBytes && block >= kLeastBlock &&
         block <= kMostBlock && (bytes.size() - kHeadBytes) / kSumBytes <= kMostBlocks + 1;
}

}  // namespace

bool worth_a_signature(const struct stat& st) {
  if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_blocks * 512 < st.st_size / 2) return false;
  return static_cast<std::uint64_t>(st.st_size) / kMostBlock <= kMostBlocks;
}

std::size_t signature_size(std::uint64_t size) {
  return kHeadBytes + static_cast<std::size_t>(size / block_of(size) + 1) * kSumBytes;
}

Result<std::string> signature_of(int fd, std::uint64_t size) {
  Job job(::rs_sig_begin(block_of(size), kStrongBytes, RS_RK_BLAKE2_SIG_MAGIC), "cannot make a signature");
  std::string signature;
  const Pieces keep = [&](std::span<const std::byte> bytes) -> Result<> {
    signature.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  std::vector<std::byte> buffer(kPiece);
  for (std::uint64_t at = 0;;) {
    const auto want = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - at));
    MOULT_ASSIGN(const auto got, read_at(fd, at, want));
    at += got;
    const bool last = got < want.size() || at == size;
    MOULT_TRY(job.run(want.first(got), last, keep));
    if (last) return signature;
  }
}

struct DeltaMaker::Work {
  Work(rs_signature_t* loaded, double seconds)
      : signature(loaded), delta(::rs_delta_begin(loaded), "cannot make a delta"), left(seconds) {}
  std::unique_ptr<rs_signature_t, FreeSignature> signature;
  Job delta;
  double left;  ///< seconds
};

DeltaMaker::DeltaMaker(std::unique_ptr<Work> work) : work_(std::move(work)) {}
DeltaMaker::DeltaMaker(DeltaMaker&&) noexcept = default;
DeltaMaker::~DeltaMaker() = default;

Result<DeltaMaker> DeltaMaker::make(const std::string& signature, std::uint64_t size, Patience patience) {
  const auto broken = [] {
    return fail(Code::invalid, "the signature of a large file is broken", "send the round again");
  };
  if (!is_signature(signature) || number_at(signature, 4) > 2 * block_of(size) || is_crowded(signature))
    return broken();
  rs_signature_t* loaded = nullptr;
  Job load(::rs_loadsig_begin(&loaded), "the signature of a large file is broken");
  std::unique_ptr<rs_signature_t, FreeSignature> owned(loaded);
  MOULT_TRY(load.run(std::as_bytes(std::span(signature)), true, [](auto) { return Result<>{}; }));
  if (::rs_build_hash_table(loaded) != RS_DONE) return broken();
  const auto seconds = patience.seconds + static_cast<double>(size) / patience.bytes;
  return DeltaMaker(std::make_unique<Work>(owned.release(), seconds));
}

Result<> DeltaMaker::feed(std::span<const std::byte> bytes, const Pieces& out) {
  if (work_->left <= 0) return {};
  const auto before = seconds_of_this_thread();
  auto done = work_->delta.run(bytes, false, out);
  work_->left -= seconds_of_this_thread() - before;
  return done;
}

Result<> DeltaMaker::finish(const Pieces& out) { return work_->delta.run({}, true, out); }

struct Patcher::Work {
  explicit Work(int file) : old(file), patch(::rs_patch_begin(&copy, this), "the delta of a large file is broken") {}

  static rs_result copy(void* self, rs_long_t at, size_t* size, void** buffer) {
    auto* work = static_cast<Work*>(self);
    auto got = read_at(work->old, static_cast<std::uint64_t>(at), {static_cast<std::byte*>(*buffer), *size});
    if (!got) {
      work->error = std::move(got).error();
      return RS_IO_ERROR;
    }
    *size = *got;
    return *got == 0 ? RS_INPUT_ENDED : RS_DONE;
  }
  Result<> run(std::span<const std::byte> delta, bool last, const Pieces& out) {
    auto done = patch.run(delta, last, out);
    if (error) return Unexpected(std::move(*error));
    return done;
  }

  int old;
  std::optional<Error> error;
  Job patch;
};

Patcher::Patcher(int old) : work_(std::make_unique<Work>(old)) {}
Patcher::~Patcher() = default;

Result<> Patcher::feed(std::span<const std::byte> delta, const Pieces& out) { return work_->run(delta, false, out); }

Result<> Patcher::finish(const Pieces& out) { return work_->run({}, true, out); }

}  // namespace moult::files
