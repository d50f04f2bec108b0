#include "drivers/guest/server/commands.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "drivers/guest/local/pump.hpp"
#include "drivers/guest/protocol/messages.hpp"
#include "drivers/guest/server/carry.hpp"

namespace moult::guest {
namespace {

/// False: it reads no more.
bool write_whole(int fd, View bytes, const Stream& stream) {
  while (!bytes.empty()) {
    if (!wait_for(fd, POLLOUT, stream)) return false;
    const auto count = write_without_signal(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

/// What a command does not read is dropped: its last words are to arrive all the same.
void to_command(Fd& input, Stream& stream) {
  for (;;) {
    const auto item = stream.receive();
    if (!item) return;
    if (item->kind == Stream::Item::Kind::finished) return input.reset();
    if (item->kind == Stream::Item::Kind::message)
      return stream.abort({Code::invalid, "a message came in the place of input", {}, {}, Disposition::fail});
    if (input && !write_whole(input.get(), item->bytes, stream)) input.reset();
  }
}

}  // namespace

Result<> Commands::serve(Stream& stream) {
  MOULT_ASSIGN(const auto item, stream.receive());
  if (item.kind != Stream::Item::Kind::message) return fail(Code::invalid, "a call without its request");
  Reader request(item.bytes);
  const auto number = request.number("command");
  Command command;
  read(request, command);
  MOULT_TRY(request.end());
  MOULT_ASSIGN(Child child, spawn(command, true));
  {
    const std::lock_guard lock(mutex_);
    running_[&child] = number;
  }
  auto told = stream.send_message({});
  if (told) carry(stream, child);
  reap(child);
  return told;
}

void Commands::carry(Stream& stream, Child& child) {
  try {
    std::thread out([&] { to_stream(child.out.get(), stream); });
    to_command(child.input, stream);
    if (stream.failed()) kill(child);
    out.join();
  } catch (const std::system_error&) {
    stream.abort({Code::busy, "the guest has no room for another thread", {}, {}, Disposition::retry});
  }
}

void Commands::kill(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  for (const auto& [child, its] : running_)
    if (its == number) kill_tree(*child);
}

void Commands::kill(const Child& child) {
  const std::lock_guard lock(mutex_);
  kill_tree(child);
}

void Commands::reap(const Child& child) {
  const std::lock_guard lock(mutex_);
  kill_tree(child);
  running_.erase(&child);
  ::waitpid(child.pid, nullptr, 0);
}

}  // namespace moult::guest
