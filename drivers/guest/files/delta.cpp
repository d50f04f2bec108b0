#include "drivers/guest/files/delta.hpp"

#include <librsync.h>

#include <algorithm>
#include <vector>

#include "drivers/guest/files/extents.hpp"

namespace moult::files {
namespace {

constexpr std::size_t kLeastBlock = 4096;
constexpr std::uint64_t kMostBlocks = 512U << 10;
constexpr std::size_t kStrongBytes = 8;  // the hash of the whole file has the last word
constexpr std::size_t kPiece = 128U << 10;

struct FreeJob {
  void operator()(rs_job_t* job) const { ::rs_job_free(job); }
};
using Handle = std::unique_ptr<rs_job_t, FreeJob>;

struct FreeSignature {
  void operator()(rs_signature_t* signature) const { ::rs_free_sumset(signature); }
};

Unexpected failed(const char* what, rs_result result) {
  return fail(Code::invalid, std::string(what) + ": " + ::rs_strerror(result), "send the round again");
}

/// Runs a job over what is there to be read, until it asks for more or is done.
Result<> run(rs_job_t* job, std::span<const std::byte> in, bool last, const char* what, const Pieces& out) {
  std::vector<std::byte> room(kPiece);
  rs_buffers_t buffers{};
  buffers.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(in.data()));
  buffers.avail_in = in.size();
  buffers.eof_in = last ? 1 : 0;
  while (true) {
    buffers.next_out = reinterpret_cast<char*>(room.data());
    buffers.avail_out = room.size();
    const auto result = ::rs_job_iter(job, &buffers);
    const auto made = room.size() - buffers.avail_out;
    if (result != RS_DONE && result != RS_BLOCKED) return failed(what, result);
    if (made > 0) MOULT_TRY(out(std::span<const std::byte>(room).first(made)));
    if (result == RS_DONE) {
      if (buffers.avail_in == 0) return {};
      return fail(Code::invalid, std::string(what) + ": something follows its end", "send the round again");
    }
    if (buffers.avail_in > 0 || made == room.size()) continue;
    if (!last) return {};
    if (made == 0) return fail(Code::invalid, std::string(what) + ": it ends early", "send the round again");
  }
}

void be_quiet() { ::rs_trace_set_level(RS_LOG_CRIT); }

}  // namespace

std::size_t delta_block(std::uint64_t size) {
  std::size_t block = kLeastBlock;
  while (size / block > kMostBlocks) block *= 2;
  return block;
}

Result<std::string> signature_of(int fd, std::uint64_t size) {
  be_quiet();
  const Handle job(::rs_sig_begin(delta_block(size), kStrongBytes, RS_RK_BLAKE2_SIG_MAGIC));
  std::string signature;
  const Pieces keep = [&](std::span<const std::byte> bytes) -> Result<> {
    signature.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  std::vector<std::byte> buffer(kPiece);
  for (std::uint64_t at = 0;;) {
    MOULT_ASSIGN(const auto got, read_at(fd, at, buffer));
    at += got;
    const bool last = got < buffer.size();
    MOULT_TRY(run(job.get(), std::span(buffer).first(got), last, "cannot make a signature", keep));
    if (last) return signature;
  }
}

struct DeltaMaker::Job {
  std::unique_ptr<rs_signature_t, FreeSignature> signature;
  Handle delta;
};

DeltaMaker::DeltaMaker(std::unique_ptr<Job> job) : job_(std::move(job)) {}
DeltaMaker::DeltaMaker(DeltaMaker&&) noexcept = default;
DeltaMaker::~DeltaMaker() = default;

Result<DeltaMaker> DeltaMaker::make(const std::string& signature) {
  be_quiet();
  constexpr const char* kWhat = "the signature of a large file is broken";
  auto job = std::make_unique<Job>();
  rs_signature_t* loaded = nullptr;
  const Handle load(::rs_loadsig_begin(&loaded));
  const auto done = run(load.get(), std::as_bytes(std::span(signature)), true, kWhat, [](auto) { return Result<>{}; });
  job->signature.reset(loaded);
  if (!done) return Unexpected(done.error());
  if (loaded == nullptr) return fail(Code::invalid, kWhat, "send the round again");
  if (const auto built = ::rs_build_hash_table(loaded); built != RS_DONE) return failed(kWhat, built);
  job->delta.reset(::rs_delta_begin(loaded));
  return DeltaMaker(std::move(job));
}

Result<> DeltaMaker::feed(std::span<const std::byte> bytes, const Pieces& out) {
  return run(job_->delta.get(), bytes, false, "cannot make a delta", out);
}

Result<> DeltaMaker::finish(const Pieces& out) {
  return run(job_->delta.get(), {}, true, "cannot make a delta", out);
}

struct Patcher::Job {
  int old = -1;
  std::optional<Error> error;
  Handle patch;

  static rs_result copy(void* self, rs_long_t at, size_t* size, void** buffer) {
    auto* job = static_cast<Job*>(self);
    auto got = read_at(job->old, static_cast<std::uint64_t>(at), {static_cast<std::byte*>(*buffer), *size});
    if (!got) job->error = std::move(got).error();
    if (job->error) return RS_IO_ERROR;
    *size = *got;
    return *got == 0 ? RS_INPUT_ENDED : RS_DONE;
  }
  Result<> feed(std::span<const std::byte> delta, bool last, const Pieces& out) {
    auto done = run(patch.get(), delta, last, "the delta of a large file is broken", out);
    if (error) return Unexpected(std::move(*error));
    return done;
  }
};

Patcher::Patcher(int old) : job_(std::make_unique<Job>()) {
  be_quiet();
  job_->old = old;
  job_->patch.reset(::rs_patch_begin(&Job::copy, job_.get()));
}
Patcher::~Patcher() = default;

Result<> Patcher::feed(std::span<const std::byte> delta, const Pieces& out) { return job_->feed(delta, false, out); }

Result<> Patcher::finish(const Pieces& out) { return job_->feed({}, true, out); }

}  // namespace moult::files
