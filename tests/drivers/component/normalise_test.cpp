#include "drivers/component/archive/normalise.hpp"

#include <unistd.h>

#include <array>

#include "catch.hpp"
#include "host_access.hpp"
#include "tar_builder.hpp"

using namespace moult;
using namespace moult::test;

namespace {

std::string refusal(const Scratch& scratch, const std::string& bytes, const ArchiveLimits& limits = {}) {
  const auto path = scratch.write("hostile.tar", bytes);
  const auto inspected = inspect_archive(path, limits);
  REQUIRE_FALSE(inspected);
  CHECK(inspected.error().code == Code::invalid);
  CHECK(inspected.error().describe().find("hostile.tar") != std::string::npos);
  CHECK_FALSE(normalise_archive(path, limits));
  return inspected.error().describe();
}

std::string content_of(const Fd& file) {
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while ((count = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  return text;
}

}  // namespace

TEST_CASE("hostile archives are refused with the entry and the reason") {
  Scratch scratch;
  const std::string good = "content";
  using Tar = TarBuilder;
  CHECK(refusal(scratch, Tar().file("../../etc/cron.d/x", good).finish()).find("leads out") != std::string::npos);
  CHECK(refusal(scratch, Tar().file("/etc/passwd", good).finish()).find("is absolute") != std::string::npos);
  CHECK(refusal(scratch, Tar().add("a", '2', "/etc").file("a/passwd", good).finish()).find("\"a\"") !=
        std::string::npos);
  CHECK(refusal(scratch, Tar().add("a", '2', "b").file("a/x", good).finish()).find("no directory") !=
        std::string::npos);
  CHECK(refusal(scratch, Tar().add("h", '1', "/etc/shadow").finish()).find("is absolute") != std::string::npos);
  CHECK(refusal(scratch, Tar().add("h", '1', "../x").finish()).find("leads out") != std::string::npos);
  CHECK(refusal(scratch, Tar().add("dev", '3').finish()).find("device") != std::string::npos);
  CHECK(refusal(scratch, Tar().add("dev", '4').finish()).find("device") != std::string::npos);
  CHECK(refusal(scratch, Tar().add("pipe", '6').finish()).find("device") != std::string::npos);
  CHECK(refusal(scratch, Tar().file("x", good).file("x", good).finish()).find("twice") != std::string::npos);
}

TEST_CASE("archives that are cut off, empty or something else are refused") {
  Scratch scratch;
  TarBuilder cut;
  cut.header("big", '0', {}, 1'000'000, 0644);
  CHECK(refusal(scratch, cut.unfinished() + std::string(512, 'x')).find("cannot be read") != std::string::npos);
  CHECK(refusal(scratch, TarBuilder().finish()).find("empty") != std::string::npos);
  CHECK(refusal(scratch, "PK\003\004 this would be a zip").find("cannot be read") != std::string::npos);
  refusal(scratch, "");
  refusal(scratch, std::string(10'000, '\x7f'));

  scratch.write("tree/file", std::string(100'000, 'a') + "b");
  shell_out({"tar", "-czf", scratch.path("whole.tgz"), "-C", scratch.path("tree"), "."});
  const auto whole = scratch.read("whole.tgz");
  refusal(scratch, whole.substr(0, whole.size() / 2));
}

TEST_CASE("a bomb is refused by its ratio, long before it is unpacked") {
  Scratch scratch;
  shell_out({"sh", "-c",
             "mkdir \"$1/bomb\"; truncate -s 100M \"$1/bomb/zeros\"; tar -czf \"$1/bomb.tgz\" -C \"$1/bomb\" zeros",
             "sh", scratch.path()});
  const auto inspected = inspect_archive(scratch.path("bomb.tgz"), {});
  REQUIRE_FALSE(inspected);
  CHECK(inspected.error().describe().find("200 times its size") != std::string::npos);
}

TEST_CASE("too many entries and too many bytes are refused") {
  Scratch scratch;
  TarBuilder many;
  for (int i = 0; i < 2000; ++i) many.file("f" + std::to_string(i), "");
  CHECK(refusal(scratch, many.finish(), {.entries = 1999}).find("more than 1999 entries") != std::string::npos);
  CHECK(refusal(scratch, TarBuilder().file("f", std::string(3000, 'x')).finish(), {.bytes = 2999})
            .find("more than 2999 bytes") != std::string::npos);
  const auto facts = inspect_archive(scratch.write("many.tar", many.finish()), {.entries = 2000});
  REQUIRE(facts);
  CHECK(facts->entries == 2000);
}

TEST_CASE("what is admitted comes out as a plain tar with owner root, without set-id bits, whatever packed it") {
  const std::string option = GENERATE("--gzip", "--bzip2", "--xz", "--zstd", "--format=gnu");
  Scratch scratch;
  scratch.write("tree/bin/tool", "#!/bin/sh\n");
  scratch.write("tree/etc/" + std::string(180, 'n'), "long name\n");
  shell_out(
      {"sh", "-c",
       "cd \"$1/tree\" && chmod 6755 bin/tool && ln bin/tool bin/same && ln -s tool bin/link && mkdir -m 700 empty && "
       "chown 1234:1234 bin/tool",
       "sh", scratch.path()});
  shell_out({"tar", option, "-cf", scratch.path("in.tar"), "-C", scratch.path("tree"), "."});
  const auto plain = normalise_archive(scratch.path("in.tar"), {});
  INFO((plain ? "" : plain.error().describe()));
  REQUIRE(plain);
  scratch.write("out.tar", content_of(*plain));
  std::filesystem::create_directory(scratch.path("out"));
  shell_out({"tar", "-x", "-p", "--numeric-owner", "-f", scratch.path("out.tar"), "-C", scratch.path("out")});
  CHECK(shell_out({"stat", "-c", "%a %u %g %h", scratch.path("out/bin/tool")}) == "755 0 0 2\n");
  CHECK(shell_out({"readlink", scratch.path("out/bin/link")}) == "tool\n");
  CHECK(shell_out({"stat", "-c", "%a", scratch.path("out/empty")}) == "700\n");
  CHECK(scratch.read("out/bin/same") == "#!/bin/sh\n");
  CHECK(scratch.read("out/etc/" + std::string(180, 'n')) == "long name\n");
}
