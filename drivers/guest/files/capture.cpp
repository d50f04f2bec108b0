#include "drivers/guest/files/capture.hpp"

#include <fcntl.h>
#include <linux/fanotify.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/guest/files/mounts.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10;
/// Between looks at the queue. Meanwhile the kernel makes one event of all that happens to a path, and whoever writes
/// is not interrupted for each.
constexpr int kPauseMs = 20;
constexpr std::uint64_t kContent = FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE_WRITE;
constexpr std::uint64_t kNames = FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO;

/// Path below a root: "." for the root itself, "" for what lies elsewhere.
std::string_view below_root(std::string_view path, std::string_view root) {
  if (path == root) return ".";
  if (root == "/") return path.substr(1);
  return is_below(path, root) ? path.substr(root.size() + 1) : std::string_view();
}

}  // namespace

Result<std::unique_ptr<Capture>> Capture::start() {
  Fd group(::fanotify_init(
      FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_DFID_NAME,
      O_RDONLY | O_LARGEFILE | O_CLOEXEC));
  if (!group && errno == EINVAL)
    return fail(Code::refused, "this kernel's fanotify does not name what changed (Linux 5.9 and later do)");
  if (!group) return fail(Code::refused, std::string("fanotify is not to be had: ") + std::strerror(errno));
  Fd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return system_failure("cannot make an eventfd", errno);
  std::unique_ptr<Capture> capture(new Capture(std::move(group), std::move(stop)));
  capture->buffer_.resize(kBufferBytes);
  capture->reader_ = std::thread([raw = capture.get()] { raw->run(); });
  return capture;
}

Capture::~Capture() {
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  if (reader_.joinable()) reader_.join();
}

/// The id of the mount that the directory is reached through.
Result<std::uint64_t> Capture::mark(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_failure("cannot open " + shown(directory), errno);
  if (::fanotify_mark(group_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, kContent | kNames | FAN_ONDIR, fd.get(),
                      nullptr) != 0)
    return fail(Code::refused,
                "the file system of " + shown(directory) + " cannot be watched: " + std::strerror(errno));
  MOULT_ASSIGN(auto mount, hold_mount(std::move(fd)));
  const auto id = mount.id;
  paths_.add(std::move(mount));
  return id;
}

/// Marks what is mounted below a root and was not marked before. True when anything was. What is excluded from the set
/// need not be of a kind that can be watched.
Result<bool> Capture::mark_below(const std::string& root, const PathFilter& filter) {
  MOULT_ASSIGN(const auto mounts, mounts_below(root));
  bool any = false;
  for (const auto& mount : mounts) {
    const std::pair<std::string, std::uint64_t> key(mount.point, mount.id);
    if (marked_.contains(key) || !filter.open_to(below_root(mount.point, root))) continue;
    const auto id = mark(mount.point);
    if (!id && id.error().code == Code::not_found) continue;  // covered by what was mounted above it
    if (!id) return Unexpected(id.error());
    if (*id != key.second) continue;
    marked_.insert(key);
    any = true;
  }
  return any;
}

Result<> Capture::watch(const std::string& root, const PathFilter& filter, std::shared_ptr<ChangeLog> log) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watches_, [&](const auto& watch) { return watch.second == log; });
  watches_.emplace_back(root, std::move(log));
  if (auto marked = mark(root); !marked) return pass(std::move(marked));
  if (auto marked = mark_below(root, filter); !marked) return pass(std::move(marked));
  return {};
}

Result<bool> Capture::watch_new_mounts(const std::string& root, const PathFilter& filter) {
  const std::lock_guard lock(mutex_);
  return mark_below(root, filter);
}

void Capture::run() {
  while (true) {
    struct pollfd fds[2] = {{group_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return lose_all("the event queue cannot be waited for");
    if (fds[1].revents != 0) return;
    drain();
    if (::poll(&fds[1], 1, kPauseMs) > 0) return;
  }
}

void Capture::drain() {
  const std::lock_guard lock(mutex_);
  int queued = 0;
  // The kernel counts 24 bytes for each event, whatever else an event carries.
  if (::ioctl(group_.get(), FIONREAD, &queued) != 0) queued = 0;
  const auto until = events_ + static_cast<std::uint64_t>(queued) / FAN_EVENT_METADATA_LEN;
  do {
    const auto before = events_.load();
    read_queue();
    if (events_ == before) return;
  } while (events_ < until);
}

void Capture::read_queue() {
  const auto size = ::read(group_.get(), buffer_.data(), buffer_.size());
  if (size > 0)
    handle(buffer_.data(), static_cast<std::size_t>(size));
  else if (size < 0 && errno != EAGAIN && errno != EINTR)
    lose_all("the event queue cannot be read");
}

void Capture::handle(const char* bytes, std::size_t size) {
  std::string_view left(bytes, size);
  while (left.size() >= FAN_EVENT_METADATA_LEN) {
    fanotify_event_metadata event{};  // copied: the kernel puts events on multiples of four bytes only
    std::memcpy(&event, left.data(), FAN_EVENT_METADATA_LEN);
    if (event.vers != FANOTIFY_METADATA_VERSION || event.event_len < event.metadata_len ||
        event.event_len > left.size())
      return lose_all("the kernel's events have another form");
    ++events_;
    if (event.fd >= 0) ::close(event.fd);
    if ((event.mask & FAN_Q_OVERFLOW) != 0)
      lose_all("the kernel's event queue overflowed");
    else
      handle_named(event.mask, left.substr(event.metadata_len, event.event_len - event.metadata_len));
    left.remove_prefix(event.event_len);
  }
}

void Capture::handle_named(std::uint64_t mask, std::string_view info) {
  if (info.size() < sizeof(fanotify_event_info_fid) + sizeof(file_handle))
    return lose_all("an event came without a name");
  const auto* fid = reinterpret_cast<const fanotify_event_info_fid*>(info.data());
  const bool named = fid->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME;
  if (!named && fid->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID) return lose_all("an event came without a name");
  const auto* handle = reinterpret_cast<const file_handle*>(fid->handle);
  const std::string_view raw(reinterpret_cast<const char*>(handle), sizeof(file_handle) + handle->handle_bytes);
  const auto directories = paths_.resolve({reinterpret_cast<const char*>(&fid->fsid), sizeof fid->fsid}, raw);
  if (!directories) return lose_all(directories.error().message);
  // What happened in a directory that is gone is told by the directory's own going.
  for (const auto& directory : **directories)
    note(directory, named ? reinterpret_cast<const char*>(raw.data() + raw.size()) : ".", mask);
  if ((mask & FAN_ONDIR) != 0 && (mask & (FAN_MOVED_FROM | FAN_MOVED_TO | FAN_DELETE)) != 0) paths_.forget();
}

void Capture::note(const std::string& directory, std::string_view name, std::uint64_t mask) {
  std::uint8_t flags = Changes::touched;
  if ((mask & FAN_ONDIR) != 0 && (mask & kNames) != 0) flags |= Changes::deep;
  if ((mask & FAN_CLOSE_WRITE) != 0) flags |= Changes::suspect | Changes::closed;
  if ((mask & FAN_MODIFY) != 0) flags |= Changes::written;
  const std::string path = path_in(directory == "/" ? "" : directory, name);
  for (const auto& [root, log] : watches_) {
    const auto at = below_root(directory, root);
    const auto what = name == "." ? at : below_root(path, root);
    if (!what.empty() && !is_temporary_name(name)) log->note(std::string(what), flags);
    if (!at.empty() && (mask & kNames) != 0) log->note(std::string(at), Changes::touched);
  }
}

void Capture::lose_all(const std::string& reason) {
  for (const auto& [root, log] : watches_) log->lose(reason);
}

}  // namespace moult::files
