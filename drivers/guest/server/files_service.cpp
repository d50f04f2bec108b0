#include <algorithm>

#include "drivers/guest/protocol/bulk.hpp"
#include "drivers/guest/protocol/pulled.hpp"
#include "drivers/guest/server/service.hpp"

namespace moult::guest {
namespace {

template <typename Value>
Result<Value> whole(Reader& request) {
  Value value;
  read(request, value);
  MOULT_TRY(request.end());
  return value;
}

Result<std::string> set_name(Reader& request) {
  auto name = request.text("set");
  MOULT_TRY(request.end());
  return name;
}

Result<std::vector<std::string>> set_names(Reader& request) {
  auto names = request.texts("set");
  MOULT_TRY(request.end());
  return names;
}

Result<Buffer> done(Result<> result) {
  if (!result) return pass(std::move(result));
  return Buffer{};
}

Result<Buffer> manifest(GuestFiles& files, Stream& stream, const std::string& set) {
  BulkSender content(stream);
  MOULT_TRY(files.manifest(set, [&](Bytes bytes) { return content.write(bytes); }));
  MOULT_TRY(content.flush());
  return Buffer{};
}

Result<Buffer> large(GuestFiles& files, const std::string& set) {
  MOULT_ASSIGN(const auto paths, files.large(set));
  return Writer().texts(paths).take();
}

Result<Buffer> signatures(GuestFiles& files, Stream& stream, Reader& request) {
  const auto set = request.text("set");
  const auto paths = request.texts("path");
  MOULT_TRY(request.end());
  BulkSender content(stream);
  MOULT_TRY(files.signatures(set, paths, [&](Bytes bytes) { return content.write(bytes); }));
  MOULT_TRY(content.flush());
  return Buffer{};
}

Result<Buffer> restore_target(GuestFiles& files, Stream& stream, Reader& request) {
  MOULT_ASSIGN(const auto set, whole<FileSet>(request));
  BulkReceiver content(stream);
  MOULT_TRY(files.restore_target(set, [&](std::span<std::byte> into) { return content.read(into); }));
  return done(content.skip_rest());
}

Result<Buffer> emit(GuestFiles& files, Stream& stream, Reader& request) {
  const auto set = request.text("set");
  const auto mode = static_cast<RoundMode>(request.number("mode", static_cast<std::uint64_t>(RoundMode::compare)));
  MOULT_TRY(request.end());
  PulledSource manifest(stream);
  BulkSender records(stream);
  MOULT_ASSIGN(const auto report, files.emit(
                                      set, mode, [&](std::span<std::byte> into) { return manifest.read(into); },
                                      [&](Bytes bytes) { return records.write(bytes); }));
  MOULT_TRY(records.flush());
  return encode(report);
}

Result<Buffer> apply(GuestFiles& files, Stream& stream, const std::string& set) {
  MOULT_ASSIGN(const auto target, files.apply(set));
  MOULT_TRY(stream.send_message({}));  // the set is open: what cannot be applied at all fails before anything is sent
  MOULT_TRY(receive_all(stream, [&](Bytes records) { return target->write(records); }));
  MOULT_ASSIGN(const auto report, target->finish());
  return encode(report);
}

Result<Buffer> accept(GuestFiles& files, Reader& request) {
  const auto set = request.text("set");
  const auto paths = request.texts("path");
  MOULT_TRY(request.end());
  return done(files.accept(set, paths));
}

Result<Buffer> freeze(Service& service, Reader& request) {
  const auto sets = request.texts("set");
  const auto ttl = read_millis(request, "time to live");
  MOULT_TRY(request.end());
  if (service.legacy != nullptr) service.legacy->frozen = true;
  MOULT_ASSIGN(const auto took, service.files.freeze(sets, ttl));
  Writer out;
  write_millis(out, took);
  return out.take();
}

Result<Buffer> thaw(Service& service, Reader& request) {
  MOULT_TRY(request.end());
  MOULT_ASSIGN(const auto held, service.files.thaw());
  if (service.legacy != nullptr) service.legacy->frozen = false;
  return Writer().flag(held).take();
}

Result<Buffer> digest(GuestFiles& files, const std::string& set) {
  MOULT_ASSIGN(const auto value, files.digest(set));
  return Writer().text(value).take();
}

/// Methods that concern one set, by its name.
Result<Buffer> answer_set(GuestFiles& files, Method method, Stream& stream, Reader& request) {
  MOULT_ASSIGN(const auto set, set_name(request));
  if (method == Method::manifest) return manifest(files, stream, set);
  if (method == Method::apply) return apply(files, stream, set);
  if (method == Method::digest) return digest(files, set);
  if (method == Method::large) return large(files, set);
  if (method == Method::close_target) return done(files.close_target(set));
  MOULT_ASSIGN(const auto pending, files.pending(set));
  return encode(pending);
}

Result<Buffer> start_capture(GuestFiles& files, Reader& request) {
  MOULT_ASSIGN(const auto sets, whole<std::vector<FileSet>>(request));
  return done(files.start_capture(sets));
}

Result<Buffer> stop_capture(GuestFiles& files, Reader& request) {
  MOULT_TRY(request.end());
  return done(files.stop_capture());
}

Result<Buffer> open_target(GuestFiles& files, Reader& request) {
  MOULT_ASSIGN(const auto set, whole<FileSet>(request));
  return done(files.open_target(set));
}

Result<Buffer> sync(GuestFiles& files, Reader& request) {
  MOULT_ASSIGN(const auto sets, set_names(request));
  return done(files.sync(sets));
}

}  // namespace

Result<Buffer> answer_files(Service& service, Method method, Stream& stream, Reader& request) {
  auto& files = service.files;
  switch (method) {
    case Method::pending:
    case Method::manifest:
    case Method::apply:
    case Method::digest:
    case Method::large:
    case Method::close_target:
      return answer_set(files, method, stream, request);
    case Method::start_capture:
      return start_capture(files, request);
    case Method::stop_capture:
      return stop_capture(files, request);
    case Method::open_target:
      return open_target(files, request);
    case Method::restore_target:
      return restore_target(files, stream, request);
    case Method::signatures:
      return signatures(files, stream, request);
    case Method::emit:
      return emit(files, stream, request);
    case Method::accept:
      return accept(files, request);
    case Method::freeze:
      return freeze(service, request);
    case Method::thaw:
      return thaw(service, request);
    case Method::sync:
      return sync(files, request);
    default:
      return fail(Code::invalid, "the helper knows no method " + std::to_string(stream.method()));
  }
}

}  // namespace moult::guest
