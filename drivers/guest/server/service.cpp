#include "drivers/guest/server/service.hpp"

#include <algorithm>

#include "drivers/guest/protocol/bulk.hpp"

namespace moult::guest {
namespace {

// Both streams of a command together stay below the bound of a message.
constexpr std::size_t kMostOutput = kMaxMessage / 2 - (1U << 20);

Result<Buffer> run(GuestAccess& access, Reader& request) {
  Command command;
  read(request, command);
  MOULT_TRY(request.end());
  command.output_limit = std::min(command.output_limit, kMostOutput);
  MOULT_ASSIGN(const auto outcome, access.run(command));
  return encode(outcome);
}

Result<Buffer> put(GuestAccess& access, Stream& stream, Reader& request) {
  const auto path = request.text("path");
  const auto mode = static_cast<std::uint32_t>(request.number("mode", 07777));
  MOULT_TRY(request.end());
  BulkReceiver content(stream);
  MOULT_TRY(access.put(path, mode, [&](std::span<std::byte> into) { return content.read(into); }));
  MOULT_TRY(content.skip_rest());
  return Buffer{};
}

Result<Buffer> get(GuestAccess& access, Stream& stream, Reader& request) {
  const auto path = request.text("path");
  MOULT_TRY(request.end());
  BulkSender content(stream);
  MOULT_TRY(access.get(path, [&](Bytes bytes) { return content.write(bytes); }));
  MOULT_TRY(content.flush());
  return Buffer{};
}

Result<Buffer> perform(const std::function<Result<>()>& action, Reader& request) {
  MOULT_TRY(request.end());
  MOULT_TRY(action());
  return Buffer{};
}

Result<Buffer> connections(Service& service, Reader& request) {
  MOULT_TRY(request.end());
  MOULT_ASSIGN(const auto found, service.connections());
  return encode(found);
}

Result<Buffer> tickle(Service& service, Reader& request) {
  TcpConnections connections;
  read(request, connections);
  MOULT_TRY(request.end());
  MOULT_TRY(service.tickle(connections));
  return Buffer{};
}

Result<Buffer> kill(Commands& commands, Reader& request) {
  const auto number = request.number("command");
  MOULT_TRY(request.end());
  commands.kill(number);
  return Buffer{};
}

Result<Buffer> dispatch(Service& service, Stream& stream, Reader& request) {
  const auto method = static_cast<Method>(stream.method());
  switch (method) {
    case Method::run:
      return run(service.access, request);
    case Method::put:
      return put(service.access, stream, request);
    case Method::get:
      return get(service.access, stream, request);
    case Method::announce:
      return perform(service.announce, request);
    case Method::connections:
      return connections(service, request);
    case Method::tickle:
      return tickle(service, request);
    case Method::remove:
      return perform(service.remove, request);
    case Method::kill:
      return kill(service.commands, request);
    default:
      return answer_files(service, method, stream, request);
  }
}

Result<Buffer> perform_request(Service& service, Stream& stream) {
  MOULT_ASSIGN(const auto item, stream.receive());
  if (item.kind != Stream::Item::Kind::message) return fail(Code::invalid, "a call without its request");
  Reader request(item.bytes);
  return dispatch(service, stream, request);
}

}  // namespace

bool answer(Service& service, Stream& stream) {
  const bool starts = static_cast<Method>(stream.method()) == Method::start;
  if (starts || is_tunnel(stream.method())) {
    auto carried = starts ? service.commands.serve(stream) : service.tunnels.serve(stream);
    if (!carried) stream.abort(carried.error());
    return carried.has_value();
  }
  auto reply = perform_request(service, stream);
  if (!reply) {
    stream.abort(reply.error());
    return false;
  }
  // A failure to send means that the connection is gone: the other end knows as much.
  static_cast<void>(stream.finish_with(*reply));
  return true;
}

}  // namespace moult::guest
