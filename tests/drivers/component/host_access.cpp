#include "host_access.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "catch.hpp"
#include "descriptors/base/digest.hpp"
#include "drivers/host_command.hpp"

namespace moult::test {

Scratch::Scratch() {
  std::string name = "/tmp/moult-component-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  root_ = name;
}

Scratch::~Scratch() { std::filesystem::remove_all(root_); }

std::string Scratch::write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string Scratch::read(const std::string& name) const {
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<Outcome> HostAccess::run(const Command& command) {
  ran.push_back(command.argv);
  commands.push_back(command);
  if (!answers.empty()) {
    auto outcome = answers.front();
    answers.pop_front();
    return outcome;
  }
  auto real = command;
  const auto& program = command.argv.front();
  if (program == "systemctl") return Outcome{};
  if (program == "dpkg" || program == "dpkg-query") {
    std::filesystem::create_directories(dpkg_root_ + "/var/lib/dpkg/info");
    std::filesystem::create_directories(dpkg_root_ + "/var/lib/dpkg/updates");
    if (!std::filesystem::exists(dpkg_root_ + "/var/lib/dpkg/status"))
      std::ofstream(dpkg_root_ + "/var/lib/dpkg/status");
    const auto option = program == "dpkg" ? "--root=" + dpkg_root_ : "--admindir=" + dpkg_root_ + "/var/lib/dpkg";
    real.argv.insert(real.argv.begin() + 1, option);
  }
  return run_on_host(real);
}

Result<> HostAccess::put(const std::string& path, std::uint32_t mode, const ByteSource& content) {
  std::ofstream file(path, std::ios::binary);
  if (!file) return fail(Code::io, "cannot write " + path);
  std::array<std::byte, 4096> buffer;
  for (;;) {
    MOULT_ASSIGN(const auto count, content(buffer));
    if (count == 0) break;
    file.write(reinterpret_cast<const char*>(buffer.data()), static_cast<std::streamsize>(count));
  }
  file.close();
  ::chmod(path.c_str(), mode);
  return {};
}

Result<> HostAccess::get(const std::string& path, const ByteSink& sink) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::not_found, path + " does not exist");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return sink(std::as_bytes(std::span(text)));
}

MaintenanceDescriptor descriptor_with(const Scratch& scratch, Component component,
                                      const std::vector<std::string>& payload) {
  MaintenanceDescriptor descriptor;
  descriptor.directory = scratch.path();
  descriptor.source = scratch.path("maintenance.yaml");
  component.name = "notes-api";
  descriptor.components.push_back(std::move(component));
  for (const auto& name : payload) {
    const auto digest = digest_file(scratch.path(name));
    REQUIRE(digest);
    descriptor.payload.push_back(Payload{name, digest->sha256, digest->size, {}});
  }
  return descriptor;
}

std::string shell_out(const std::vector<std::string>& argv) {
  const auto outcome = run_on_host(Command{argv});
  REQUIRE(outcome);
  INFO(argv.front() << ": " << outcome->err);
  REQUIRE(outcome->good());
  return outcome->out;
}

}  // namespace moult::test
