#include "support/large_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "support/sandbox.hpp"

namespace moult::test {

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    const auto value = random();
    for (int i = 0; i < 8; ++i) text[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i));
  }
  return text;
}

void write_into(const std::string& path, std::size_t offset, const std::string& text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(text.size()));
}

LocalFilesOptions small_is_large() {
  LocalFilesOptions options;
  options.large_file = 8192;
  return options;
}

OneChanged::OneChanged()
    : from(Sandbox::get().directory("from")), to(Sandbox::get().directory("to")), pair(from, to, small_is_large()) {
  write_file(from + "/db", noise(kMiB, 1));
  pair.to.conflict = {{"*", ConflictRule::keep_original, {}}};
  pair.begin();
  write_into(from + "/db", 100, "changed");
}

std::string OneChanged::signatures() {
  std::string bytes;
  const auto large = pair.source->large("data");
  REQUIRE(large);
  REQUIRE_FALSE(large->empty());
  REQUIRE(pair.target->signatures("data", *large, [&](Bytes more) -> Result<> {
    bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
    return {};
  }));
  return bytes;
}

Result<ApplyReport> OneChanged::round(const std::string& given) {
  auto stream = pair.target->apply("data");
  REQUIRE(stream);
  MOULT_TRY(
      pair.source
          ->emit("data", RoundMode::events, source_of(given), [&](Bytes bytes) { return (*stream)->write(bytes); })
          .map([](const EmitReport&) {}));
  return (*stream)->finish();
}

void OneChanged::require_carried() {
  REQUIRE((read_file(from + "/db") == read_file(to + "/db")));
  REQUIRE(pair.source_digest() == pair.target_digest());
}

}  // namespace moult::test
