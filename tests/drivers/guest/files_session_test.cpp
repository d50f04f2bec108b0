#include "catch.hpp"
#include "rig.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

FileSet sample() {
  return {"notes", "/var/lib/notes", {"*.note"}, {"*.tmp", "cache"}, {{"*", ConflictRule::merge, {"merge", "-x"}}}};
}

std::string long_text(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7919 % 26);
  return text;
}

}  // namespace

TEST_CASE("what is declared reaches the guest's files whole") {
  Rig rig;
  auto& files = rig.session.files();
  REQUIRE(files.start_capture({sample()}));
  REQUIRE(files.open_target(sample()));
  REQUIRE(files.close_target("notes"));
  REQUIRE(files.accept("notes", {"a", "b c"}));
  REQUIRE(files.sync({"notes", "more"}));
  REQUIRE(files.stop_capture());
  CHECK(rig.fake.calls() ==
        std::vector<std::string>{"start_capture notes /var/lib/notes +*.note -*.tmp,cache *=3merge,-x",
                                 "open_target notes", "close_target notes", "accept notes a,b c", "sync notes,more",
                                 "stop_capture"});
}

TEST_CASE("small answers come back") {
  Rig rig;
  auto& files = rig.session.files();
  const auto pending = files.pending("notes");
  REQUIRE(pending);
  CHECK(pending->paths == 3);
  CHECK(pending->bytes == 4096);
  CHECK(pending->overflow);
  const auto missing = files.pending("other");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
  CHECK(missing.error().remedy == "declare it");
  CHECK(files.digest("notes").value() == "digest of notes");
  CHECK(files.freeze({"notes"}, 1500ms).value() == 12ms);
  CHECK(files.thaw().value());
  CHECK_FALSE(files.thaw().value());
}

TEST_CASE("a manifest and a round's records arrive unchanged") {
  Rig rig;
  rig.fake.records = long_text(5'000'000);
  std::string manifest, records;
  REQUIRE(rig.session.files().manifest("notes", sink_to(manifest)));
  CHECK(manifest == rig.fake.records);
  const auto none = [](std::span<std::byte>) -> Result<std::size_t> { return 0; };
  const auto report = rig.session.files().emit("notes", RoundMode::events, none, sink_to(records));
  REQUIRE(report);
  CHECK(records == rig.fake.records);
  CHECK(report->paths == 11);
  CHECK(report->bytes == records.size());
  CHECK(report->deletions == 2);
  CHECK(report->scanned);
  CHECK(report->scan_reason == "queue overflow");
}

TEST_CASE("a reconciling round carries content both ways at once without a standstill") {
  Rig rig;
  rig.fake.records = long_text(8'000'000);
  const auto manifest = long_text(7'000'001);
  std::string records;
  const auto report = rig.session.files().emit("notes", RoundMode::reconcile, source_of(manifest), sink_to(records));
  INFO((report ? "" : report.error().describe()));
  REQUIRE(report);
  CHECK(records == rig.fake.records);
  CHECK(rig.fake.received == manifest);
}

TEST_CASE("a target is restored from a manifest") {
  Rig rig;
  const auto manifest = long_text(3'000'000);
  REQUIRE(rig.session.files().restore_target(sample(), source_of(manifest)));
  CHECK(rig.fake.received == manifest);
}

TEST_CASE("signatures of large files come back whole") {
  Rig rig;
  auto& files = rig.session.files();
  CHECK(files.large("notes").value() == std::vector<std::string>{"a large one", "b"});
  rig.fake.records = long_text(5'000'000);
  std::string signatures;
  REQUIRE(files.signatures("notes", {"a large one", "b"}, sink_to(signatures)));
  CHECK(signatures == rig.fake.records);
  CHECK(rig.fake.calls() == std::vector<std::string>{"large notes", "signatures notes a large one,b"});
}

TEST_CASE("a round is applied, with its report") {
  Rig rig;
  const auto records = long_text(4'000'000);
  auto stream = rig.session.files().apply("notes");
  REQUIRE(stream);
  for (std::size_t at = 0; at < records.size(); at += 1000)
    REQUIRE((*stream)->write(
        std::as_bytes(std::span(records).subspan(at, std::min<std::size_t>(1000, records.size() - at)))));
  const auto report = (*stream)->finish();
  REQUIRE(report);
  CHECK(rig.fake.received == records);
  CHECK(report->bytes == records.size());
  CHECK(report->paths == std::vector<std::string>{"a", "dir/b"});
  CHECK(report->kept == std::vector<std::string>{"d", "e", ""});
  CHECK(rig.fake.rounds_given_up == 0);
}

TEST_CASE("a round that is given up half way is given up in the guest too") {
  Rig rig;
  {
    auto stream = rig.session.files().apply("notes");
    REQUIRE(stream);
    REQUIRE((*stream)->write(std::as_bytes(std::span("some"))));
  }
  for (int i = 0; i < 200 && rig.fake.rounds_given_up == 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(rig.fake.rounds_given_up == 1);
}

TEST_CASE("what the target cannot take is an error of the round") {
  Rig rig;
  CHECK(rig.session.files().apply("other").error().code == Code::not_found);
  auto stream = rig.session.files().apply("notes");
  REQUIRE(stream);
  const std::string records = "no space" + long_text(1000);
  static_cast<void>((*stream)->write(std::as_bytes(std::span(records))));
  const auto report = (*stream)->finish();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::no_space);
}

TEST_CASE("a manifest that breaks off fails the round with the manifest's own error") {
  Rig rig;
  rig.fake.records = long_text(100'000);
  std::string records;
  const auto broken = [](std::span<std::byte>) -> Result<std::size_t> {
    return fail(Code::io, "the manifest broke off");
  };
  const auto report = rig.session.files().emit("notes", RoundMode::reconcile, broken, sink_to(records));
  REQUIRE_FALSE(report);
  CHECK(report.error().message == "the manifest broke off");
  CHECK(rig.session.alive(5s));
}
