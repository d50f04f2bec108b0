#include <algorithm>

#include "drivers/guest/protocol/stream.hpp"

namespace moult::guest {
namespace {

constexpr std::size_t kMaxText = 4096, kMaxLinks = 16;

/// Cut, and without control characters: it ends up on a terminal and comes from a guest.
std::string printable(std::string_view text) {
  std::string clean(text.substr(0, kMaxText));
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = c == '\n' || c == '\t' ? ' ' : '?';
  return clean;
}

template <typename Enum>
Enum read_enum(Reader& in, const char* what, Enum last) {
  return static_cast<Enum>(in.number(what, static_cast<std::uint64_t>(last)));
}

}  // namespace

Buffer encode_error(const Error& error) {
  Writer out;
  out.number(static_cast<std::uint64_t>(error.code)).number(static_cast<std::uint64_t>(error.disposition));
  out.text(std::string_view(error.message).substr(0, kMaxText))
      .text(std::string_view(error.remedy).substr(0, kMaxText));
  const auto links = std::min(error.context.size(), kMaxLinks);
  out.number(links);
  for (std::size_t i = 0; i < links; ++i) out.text(std::string_view(error.context[i]).substr(0, kMaxText / kMaxLinks));
  return out.take();
}

Error decode_error(View bytes) {
  Reader in(bytes);
  Error error;
  error.code = read_enum(in, "code", Code::interrupted);
  error.disposition = read_enum(in, "disposition", Disposition::ambiguous);
  error.message = printable(in.text("message"));
  error.remedy = printable(in.text("remedy"));
  for (auto left = in.count("context"); left > 0 && in.good(); --left)
    error.context.push_back(printable(in.text("link")));
  if (in.end() && error.context.size() <= kMaxLinks) return error;
  return {Code::invalid, "the guest's helper reports an error that cannot be read", {}, {}, Disposition::ambiguous};
}

}  // namespace moult::guest
