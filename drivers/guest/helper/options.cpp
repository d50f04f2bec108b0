#include "drivers/guest/helper/options.hpp"

#include <algorithm>
#include <cstdlib>

namespace moult::guest {
namespace {

constexpr const char* kUsage =
    "moult-helper --run RUN (--port NAME [--idle SECONDS] [--sha256 HEX] | --fd N | --remove) [--base DIR]";

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' && std::all_of(name.begin(), name.end(), plain);
}

Result<long> number(const std::string& text) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 0) return fail(Code::usage, "not a number: \"" + text + "\"", kUsage);
  return value;
}

Result<> take(Options& options, const std::string& name, const std::string& value) {
  if (name == "--run")
    options.run = value;
  else if (name == "--port")
    options.port = value;
  else if (name == "--base")
    options.base = value;
  else if (name == "--sha256")
    options.sha256 = value;
  else if (name == "--fd") {
    MOULT_ASSIGN(const auto fd, number(value));
    options.fd = static_cast<int>(fd);
  } else if (name == "--idle") {
    MOULT_ASSIGN(const auto seconds, number(value));
    options.idle = std::chrono::seconds(seconds);
  } else {
    return fail(Code::usage, "unknown option \"" + name + "\"", kUsage);
  }
  return {};
}

}  // namespace

Result<Options> parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--remove") {
      options.remove = true;
      continue;
    }
    if (i + 1 == argc) return fail(Code::usage, "option \"" + name + "\" lacks its value", kUsage);
    MOULT_TRY(take(options, name, argv[++i]));
  }
  if (!plain_name(options.run)) return fail(Code::usage, "not the name of a run: \"" + options.run + "\"", kUsage);
  const int modes = (options.port.empty() ? 0 : 1) + (options.fd >= 0 ? 1 : 0) + (options.remove ? 1 : 0);
  if (modes != 1) return fail(Code::usage, "one of --port, --fd and --remove is needed", kUsage);
  return options;
}

}  // namespace moult::guest
