#include "samples/notes/api/store.hpp"

#include <set>
#include <thread>

#include "catch.hpp"
#include "samples/notes/api/files.hpp"
#include "tests/samples/temporary_directory.hpp"

using namespace notes;
using notes_test::TemporaryDirectory;

TEST_CASE("a note put twice is stored once, and another text under its number is refused") {
  const TemporaryDirectory directory;
  Store store(directory.path(), 1);
  CHECK(store.put({5, "first"}) == Store::Put::created);
  CHECK(store.put({5, "first"}) == Store::Put::same);
  CHECK(store.put({5, "second"}) == Store::Put::different);
  CHECK(store.read(5).note.text == "first");
  CHECK(store.ids() == std::vector<std::uint64_t>{5});
}

TEST_CASE("a stored note leaves no temporary file behind, refused or not") {
  const TemporaryDirectory directory;
  Store store(directory.path(), 1);
  store.put({5, "first"});
  store.put({5, "second"});
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path())) ++files;
  CHECK(files == 1);
}

TEST_CASE("of many that put one number at once, one creates it") {
  const TemporaryDirectory directory;
  Store store(directory.path(), 1);
  std::atomic<int> created{0};
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([&, i] { created += store.put({5, std::to_string(i)}) == Store::Put::created ? 1 : 0; });
    }
  }
  CHECK(created == 1);
}

TEST_CASE("added notes get numbers that clients cannot choose, each its own") {
  const TemporaryDirectory directory;
  Store store(directory.path(), 2);
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 50; ++i) ids.insert(store.add("the same text")->id);
  CHECK(ids.size() == 50);
  CHECK(*ids.begin() >= kFirstGenerated);
}

TEST_CASE("a note in another form is there but cannot be read") {
  const TemporaryDirectory directory;
  Store(directory.path(), 1).put({5, "old"});
  CHECK(Store(directory.path(), 2).read(5).found == Store::Found::other_format);
  CHECK(Store(directory.path(), 2).read(6).found == Store::Found::no);
}

TEST_CASE("what another process changes is served at once") {
  const TemporaryDirectory directory;
  const Store store(directory.path(), 1);
  CHECK(store.read(5).found == Store::Found::no);
  write_atomically(directory.path() / "5.json", *to_json({5, "from elsewhere"}, 1), Replace::yes);
  CHECK(store.read(5).note.text == "from elsewhere");
}
