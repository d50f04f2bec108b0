#pragma once

#include "drivers/guest/protocol/codec.hpp"
#include "drivers/guest_access.hpp"
#include "drivers/guest_files.hpp"
#include "drivers/tcp_connection.hpp"

namespace moult::guest {

/// What a stream is for. The numbers are the protocol.
enum class Method : std::uint8_t {
  run = 1,
  put = 2,
  get = 3,
  announce = 4,
  remove = 5,
  connections = 6,
  tickle = 7,
  start_capture = 16,
  stop_capture = 17,
  pending = 18,
  open_target = 19,
  manifest = 20,
  restore_target = 21,
  emit = 22,
  apply = 23,
  accept = 24,
  digest = 25,
  freeze = 26,
  thaw = 27,
  sync = 28,
  close_target = 29,
  large = 30,
  signatures = 31,
  listen = 64,
  accept_connection = 65,
  connect = 66,
  start = 67,
  kill = 68,
};

/// One pair for each value that crosses. `read_*` leaves the reader bad on nonsense; the caller asks `end()`.
void write(Writer& out, const Command& value);
void write(Writer& out, const Outcome& value);
void write(Writer& out, const TcpConnections& value);
void write(Writer& out, const FileSet& value);
void write(Writer& out, const std::vector<FileSet>& value);
void write(Writer& out, const Pending& value);
void write(Writer& out, const EmitReport& value);
void write(Writer& out, const ApplyReport& value);
void read(Reader& in, Command& value);
void read(Reader& in, Outcome& value);
void read(Reader& in, TcpConnections& value);
void read(Reader& in, FileSet& value);
void read(Reader& in, std::vector<FileSet>& value);
void read(Reader& in, Pending& value);
void read(Reader& in, EmitReport& value);
void read(Reader& in, ApplyReport& value);

/// A duration in milliseconds, at most a year.
[[nodiscard]] Millis read_millis(Reader& in, const char* what);
inline void write_millis(Writer& out, Millis value) {
  out.number(static_cast<std::uint64_t>(std::max<long long>(0, value.count())));
}

template <typename Value>
[[nodiscard]] Buffer encode(const Value& value) {
  Writer out;
  write(out, value);
  return out.take();
}

template <typename Value>
[[nodiscard]] Result<Value> decode(View bytes) {
  Reader in(bytes);
  Value value;
  read(in, value);
  MOULT_TRY(in.end());
  return value;
}

}  // namespace moult::guest
