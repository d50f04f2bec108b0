// notes-api: the sample vendor's service. One source tree gives every level: NOTES_LEVEL and NOTES_FORMAT say which.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "routes.hpp"
#include "server.hpp"

namespace {

int usage() {
  std::fprintf(stderr, "usage: notes-api [--root DIR] [--address IP] [--port N] [--schema FILE]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{{"--root", "/var/lib/notes"},
                                             {"--address", "0.0.0.0"},
                                             {"--port", "8080"},
                                             {"--schema", "/etc/notes/schema.json"}};
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !options.contains(argv[i])) return usage();
    options[argv[i]] = argv[i + 1];
  }
  const auto port = notes::parse_id(options["--port"]);
  if (!port || *port == 0 || *port > 65535) return usage();

  const notes::Service service{NOTES_LEVEL, NOTES_FORMAT, options["--schema"]};
  notes::Store store(options["--root"], service.format);
  const auto error = notes::serve(options["--address"], static_cast<std::uint16_t>(*port),
                                  [&](const notes::Request& request) { return answer(service, store, request); });
  std::fprintf(stderr, "notes-api: %s\n", error.c_str());
  return 1;
}
