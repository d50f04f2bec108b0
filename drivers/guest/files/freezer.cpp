#include "drivers/guest/files/freezer.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "drivers/guest/files/quick_grace.hpp"
#include "drivers/guest/files/stamp.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

/// A file system in a file of another one, whatever lies between, must be frozen before that one.
bool some_in_files() {
  std::error_code error;
  for (const auto& device : std::filesystem::directory_iterator("/sys/block", error)) {
    char read_only = '0';
    std::ifstream(device.path() / "ro") >> read_only;
    if (read_only == '0' && std::filesystem::exists(device.path() / "loop/backing_file", error)) return true;
  }
  return bool(error);
}

/// By how much the wall clock is ahead of one that nobody sets (ns).
std::int64_t clock_ahead() {
  struct timespec steady {};
  ::clock_gettime(CLOCK_BOOTTIME, &steady);
  return wall_now() - (steady.tv_sec * 1'000'000'000LL + steady.tv_nsec);
}

std::vector<dev_t> devices_of(const std::vector<Mount>& mounts) {
  std::vector<dev_t> devices;
  devices.reserve(mounts.size());
  for (const auto& mount : mounts) devices.push_back(mount.device);
  std::sort(devices.begin(), devices.end());
  return devices;
}

}  // namespace

Freezer::Freezer()
    : timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  keeper_ = std::thread([this] { keep_lease(); });
}

Freezer::~Freezer() {
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  keeper_.join();
  (void)thaw();
}

Result<Millis> Freezer::freeze(std::vector<Mount> mounts, Millis ttl, std::set<dev_t> covered) {
  if (ttl <= Millis::zero())
    return fail(Code::usage, "a freeze needs a time to live", "give it one of at least a millisecond");
  if (!timer_ || !stop_) return fail(Code::io, "a timer for the lease is not to be had");
  const std::lock_guard one_at_a_time(freezing_);
  const auto ahead = clock_ahead();
  MOULT_ASSIGN(const bool held, renew(mounts, ttl));
  if (held) return Millis{0};
  std::vector<Fd> fds;
  for (const auto& mount : mounts) {
    fds.emplace_back(::open(mount.point.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat st {};
    if (!fds.back() || ::fstat(fds.back().get(), &st) != 0)
      return system_failure("cannot open " + shown(mount.point), errno);
    covered.insert({mount.device, st.st_dev});
  }
  const bool in_turn = some_in_files();
  const QuickGrace in_haste;
  const auto start = std::chrono::steady_clock::now();
  const auto since = wall_now();
  const auto lease = begin_lease(ttl, since);
  std::vector<Held> all;
  for (std::size_t i = mounts.size(); i-- > 0;) all.push_back({std::move(mounts[i]), std::move(fds[i])});
  auto done = in_turn ? freeze_in_turn(std::move(all), lease) : freeze_together(std::move(all), lease);
  if (!done) {
    (void)thaw();
    return pass(std::move(done));
  }
  {
    const std::lock_guard lock(mutex_);
    for (const auto device : covered) last_[device] = {since, ahead};
    if (lease == lease_) covered_ = std::move(covered);
  }
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - start);
}

/// True when the same file systems are frozen already: then the lease begins anew.
Result<bool> Freezer::renew(const std::vector<Mount>& mounts, Millis ttl) {
  const std::lock_guard lock(mutex_);
  if (held_.empty()) return false;
  std::vector<Mount> held;
  for (const auto& each : held_) held.push_back(each.mount);
  if (devices_of(held) != devices_of(mounts))
    return fail(Code::busy, "other file systems are frozen already", "thaw them first");
  arm(ttl);
  return true;
}

/// The lease runs before the first file system is frozen: however long a freeze takes, the keeper thaws what is frozen
/// by then.
std::uint64_t Freezer::begin_lease(Millis ttl, std::int64_t since) {
  const std::lock_guard lock(mutex_);
  since_ = since;
  arm(ttl);
  return lease_;
}

/// Each before the one that holds its file: the latest mounted first.
Result<> Freezer::freeze_in_turn(std::vector<Held> all, std::uint64_t lease) {
  for (auto& each : all) MOULT_TRY(freeze_one(std::move(each), lease));
  return {};
}

/// Each waits for its own disk.
Result<> Freezer::freeze_together(std::vector<Held> all, std::uint64_t lease) {
  std::vector<Result<>> results(all.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < all.size(); ++i)
      threads.emplace_back([&, i] { results[i] = freeze_one(std::move(all[i]), lease); });
    if (!all.empty()) results[0] = freeze_one(std::move(all[0]), lease);
  }
  for (auto& result : results) MOULT_TRY(std::move(result));
  return {};
}

Result<> Freezer::freeze_one(Held held, std::uint64_t lease) {
  const int failed = ::ioctl(held.fd.get(), FIFREEZE, 0) == 0 ? 0 : errno;
  const auto where = shown(held.mount.point) + " (" + held.mount.type + " on " + held.mount.source + ")";
  if (failed == EBUSY)
    return fail(Code::busy, "the file system at " + where + " is frozen already, by someone else",
                "find out who froze it, and thaw it with fsfreeze -u");
  if (failed == EOPNOTSUPP)
    return fail(Code::refused, "the file system at " + where + " cannot be frozen",
                "keep the set on a file system of a disk");
  if (failed != 0) return system_failure("cannot freeze " + where, failed);
  const std::lock_guard lock(mutex_);
  held_.push_back(std::move(held));
  if (lease == lease_) return {};
  return fail(Code::timeout, "freezing took longer than its lease; everything is thawed again",
              "write less, or allow a longer lease");
}

bool Freezer::thaw() {
  const std::lock_guard lock(mutex_);
  return thaw_all();
}

bool Freezer::thaw_all() {
  bool held = !held_.empty();
  while (!held_.empty()) {
    // EINVAL: somebody else thawed it, so it did not hold.
    if (::ioctl(held_.back().fd.get(), FITHAW, 0) != 0) held = false;
    held_.pop_back();
  }
  ++lease_;
  since_ = 0;
  covered_.clear();
  arm(Millis::zero());
  return held;
}

void Freezer::arm(Millis ttl) {
  struct itimerspec when {};
  when.it_value.tv_sec = ttl.count() / 1000;
  when.it_value.tv_nsec = ttl.count() % 1000 * 1'000'000;
  (void)::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void Freezer::keep_lease() {
  while (true) {
    struct pollfd fds[2] = {{timer_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) continue;
    if (fds[1].revents != 0) return;
    const std::lock_guard lock(mutex_);
    std::uint64_t expired = 0;
    // A new lease may have been armed since poll returned: then there is nothing to read.
    if (::read(timer_.get(), &expired, sizeof expired) > 0) (void)thaw_all();
  }
}

std::int64_t Freezer::frozen_since(dev_t device) const {
  const std::lock_guard lock(mutex_);
  return !held_.empty() && covered_.contains(device) ? since_ : 0;
}

std::int64_t Freezer::frozen_last(dev_t device) const {
  const std::lock_guard lock(mutex_);
  constexpr std::int64_t kSlew = 10'000'000;  // as far as clocks drift, which is not set, without being set
  const auto last = last_.find(device);
  const bool known = last != last_.end() && clock_ahead() >= last->second.clock_ahead - kSlew;
  return known ? last->second.since : 0;
}

}  // namespace moult::files
