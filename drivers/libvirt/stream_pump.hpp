#pragma once

#include <memory>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"
#include "drivers/libvirt/handles.hpp"

namespace moult::virt {

/// Carries bytes between a libvirt stream and one end of a socket pair, until either side ends; then both do. Guest to
/// host runs on libvirt's event loop, host to guest in a thread of its own: a guest that does not read blocks that
/// thread and the stream's own connection, nothing else. While the owner does not read, reading the stream pauses.
class StreamPump : public std::enable_shared_from_this<StreamPump> {
 public:
  /// Takes over an open, non-blocking stream and the connection that carries nothing else. Returns the owner's end.
  static Result<Fd> start(Connection connection, std::shared_ptr<_virStream> stream, std::weak_ptr<StreamPump>& pump);

  StreamPump(Connection connection, std::shared_ptr<_virStream> stream, Fd socket);
  ~StreamPump();
  StreamPump(const StreamPump&) = delete;
  StreamPump& operator=(const StreamPump&) = delete;

  /// Ends both directions; the owner reads end of file. From any thread, repeatedly.
  void end();

 private:
  struct Callbacks;
  Result<> watch();
  void pump_to_guest();
  bool send_to_guest(const char* data, std::size_t size);
  void on_stream(int events);
  void on_writable();
  bool flush();
  void receive();

  Connection connection_;
  std::shared_ptr<_virStream> stream_;
  Fd socket_;
  int writable_watch_ = -1;
  bool close_watched_ = false;
  // Owned by the event loop's thread once the pump runs.
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace moult::virt
