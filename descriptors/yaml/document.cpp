#include "descriptors/yaml/document.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <string>

#include "descriptors/base/text.hpp"
#include "descriptors/yaml/tree_builder.hpp"

namespace moult::yaml {
namespace {

/// Hands the bytes to the parser piece by piece, and stops it where its scanner reads on and on into brackets without
/// telling the builder anything: it keeps every token until the outermost bracket closes, some 240 bytes a token.
class WatchedBuffer : public std::streambuf {
 public:
  WatchedBuffer(std::string_view bytes, const Limits& limits, TreeBuilder& builder)
      : bytes_(bytes), most_open_(2 * limits.depth), builder_(builder) {}

 protected:
  int_type underflow() override {
    if (at_ == bytes_.size()) return traits_type::eof();
    if (builder_.values() != values_seen_) values_seen_ = builder_.values(), silent_since_ = at_;
    if (at_ - silent_since_ > kLongestSilence && open_ > most_open_) builder_.stop_too_deep();
    const auto piece = bytes_.substr(at_, kPiece);
    for (const char c : piece) open_ += (c == '[' || c == '{') - (c == ']' || c == '}');
    at_ += piece.size();
    auto* begin = const_cast<char*>(piece.data());  // the get area is only read
    setg(begin, begin, begin + piece.size());
    return traits_type::to_int_type(*begin);
  }

 private:
  static constexpr std::size_t kPiece = 2048, kLongestSilence = std::size_t{64} << 10;
  std::string_view bytes_;
  int most_open_;
  TreeBuilder& builder_;
  std::size_t at_ = 0, values_seen_ = 0, silent_since_ = 0;
  int open_ = 0;  ///< brackets, counted without regard to quotes: enough together with the silence
};

void parse(std::istream& stream, TreeBuilder& builder, Document& out) {
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    if (!out.root) out.problems.push_back({{}, {}, "the file is empty"});
  } catch (const Stop&) {
  } catch (const YAML::Exception& error) {
    out.root.reset();
    out.problems.push_back({builder.find(error.mark), builder.path(), "not YAML: " + error.msg});
  } catch (const std::exception& error) {
    out.root.reset();
    out.problems.push_back({{}, {}, std::string("not YAML: ") + error.what()});
  }
}

}  // namespace

Document read_document(std::string_view bytes, const Limits& limits) {
  Document out;
  if (auto problem = check_bytes(bytes, limits)) {
    out.problems.push_back(std::move(*problem));
    return out;
  }
  TreeBuilder builder(bytes, limits, out);
  WatchedBuffer buffer(bytes, limits, builder);
  std::istream stream(&buffer);
  parse(stream, builder, out);
  return out;
}

}  // namespace moult::yaml
