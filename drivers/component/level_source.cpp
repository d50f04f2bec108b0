#include "drivers/component/level_source.hpp"

#include "descriptors/base/text.hpp"
#include "drivers/component/guest_steps.hpp"

namespace moult {
namespace {

constexpr Millis kDetectTimeout{std::chrono::seconds{30}};
constexpr std::size_t kLevelFileLimit = 64U << 10;

/// The first line without white space around it; nothing when that leaves nothing.
std::optional<std::string> first_line(const std::string& text) {
  constexpr const char* kBlank = " \t\r\n";
  std::string line = text.substr(0, text.find('\n'));
  const auto start = line.find_first_not_of(kBlank);
  if (start == std::string::npos) return std::nullopt;
  return line.substr(start, line.find_last_not_of(kBlank) - start + 1);
}

/// A file whose first line is the level.
class FileLevel final : public LevelSource {
 public:
  explicit FileLevel(std::string path) : path_(std::move(path)) {}
  Result<std::optional<std::string>> find(GuestAccess& guest) const override {
    std::string text;
    const auto got = guest.get(path_, [&](Bytes bytes) -> Result<> {
      if (text.size() + bytes.size() > kLevelFileLimit)
        return fail(Code::failed, "the level file " + path_ + " is larger than 64 KiB");
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    });
    if (!got && got.error().code == Code::not_found) return std::nullopt;
    if (!got) return Unexpected(got.error());
    auto level = first_line(text);
    if (!level) return fail(Code::failed, "the first line of the level file " + path_ + " is empty");
    return level;
  }

 private:
  std::string path_;
};

/// A command that prints the level; printing nothing means that the component is not installed.
class CommandLevel final : public LevelSource {
 public:
  explicit CommandLevel(Argv argv) : argv_(std::move(argv)) {}
  Result<std::optional<std::string>> find(GuestAccess& guest) const override {
    MOULT_ASSIGN(const auto outcome, run_step(guest, argv_, kDetectTimeout));
    return first_line(outcome.out);
  }

 private:
  Argv argv_;
};

}  // namespace

std::unique_ptr<LevelSource> make_level_source(const DetectSpec& spec) {
  switch (spec.kind) {
    case DriverKind::deb:
      return make_deb_level(spec.package);
    case DriverKind::archive:
      return std::make_unique<FileLevel>(spec.file);
    case DriverKind::command:
      break;
  }
  return std::make_unique<CommandLevel>(spec.command);
}

}  // namespace moult
