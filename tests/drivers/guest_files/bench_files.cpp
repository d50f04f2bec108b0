// What carrying files costs, beside what it is compared with. tests/bench/rows/data reads it.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

#include "support/bench_sides.hpp"

using namespace moult;
using namespace moult::test;
namespace fs = std::filesystem;

namespace {

/// How much there is of everything: 1 for the figures, less to try the program.
double scale = 1;
int scaled(double count) { return std::max(1, static_cast<int>(count * scale)); }
std::uint64_t gib() { return static_cast<std::uint64_t>(scaled(1024)) << 20; }

void print(double ours, double against) { std::cout << ours << " " << against << std::endl; }

std::string file_name(int i) { return "/d" + std::to_string(i % 100) + "/file-" + std::to_string(i); }

void make_small(const Trees& trees, int count) {
  for (int d = 0; d < 100; ++d) fs::create_directories(trees.from + "/d" + std::to_string(d));
  for (int i = 0; i < count; ++i) put(trees.from + file_name(i), std::string(4096, static_cast<char>('a' + i % 26)));
}

void make_noise(const std::string& path, std::uint64_t size, std::mt19937_64& random) {
  put(path, "");
  for (std::uint64_t at = 0; at < size; at += 1U << 20)
    put(path, noise(1U << 20, random), static_cast<std::int64_t>(at), false);
}

/// What was written before is on the disk, and older than a tick of the file system's clock.
void let_settle() {
  ::sync();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

/// 100,000 files of 4 KiB, from nothing; ms, and rsync's.
void first_small(const std::string& at, int turns) {
  for (; turns > 0; --turns) {
    const Trees trees(at);
    make_small(trees, scaled(100'000));
    Carried carried(trees);
    let_settle();
    const auto ours = ms_of([&] { carried.round(); });
    carried.require_equal();
    let_settle();
    print(ours, ms_of([&] { rsync(trees); }));
  }
}

/// 100 of them changed; ms, and rsync's.
void few_changed(const std::string& at, int turns) {
  const Trees trees(at);
  const int count = scaled(100'000);
  make_small(trees, count);
  Carried carried(trees);
  carried.round();
  rsync(trees);
  let_settle();
  carried.thorough_round();
  for (; turns > 0; --turns) {
    for (int i = 0; i < 100; ++i) put(trees.from + file_name(i * (count / 100)), "changed " + std::to_string(turns));
    let_settle();
    const auto ours = ms_of([&] { carried.round(); });
    carried.require_equal();
    print(ours, ms_of([&] { rsync(trees); }));
  }
}

/// 1 GiB in files of 64 MiB, from nothing; ms, and those of as many bytes through the bare channel.
void first_large(const std::string& at, int turns) {
  for (; turns > 0; --turns) {
    const Trees trees(at);
    std::mt19937_64 random(1);
    for (int i = 0; i < scaled(16); ++i) make_noise(trees.from + "/" + std::to_string(i), 64U << 20, random);
    Carried carried(trees);
    let_settle();
    const auto ours = ms_of([&] { carried.round(); });
    carried.require_equal();
    let_settle();
    print(ours, ms_of([&] { through_bare_channel(static_cast<std::uint64_t>(scaled(16)) << 26); }));
  }
}

/// A file of 1 GiB that both sides have, of which 1 % changes in place again and again, block by block.
struct InPlace {
  explicit InPlace(const std::string& at) : trees(at) {
    make_noise(file, gib(), random);
    carried = std::make_unique<Carried>(trees);
    carried->round();
  }
  void change() {
    const auto blocks = gib() / 4096;
    for (std::uint64_t i = 0; i < blocks / 100; ++i)
      put(file, noise(4096, random), static_cast<std::int64_t>(random() % blocks * 4096), false);
  }
  Trees trees;
  std::mt19937_64 random{1};
  std::string file = trees.from + "/db";
  std::unique_ptr<Carried> carried;
};

/// MiB that moved, and the file's.
void in_place(const std::string& at, int turns) {
  InPlace set(at);
  for (; turns > 0; --turns) {
    set.change();
    std::uint64_t moved = 0;
    const auto took = ms_of([&] { moved = set.carried->moved_by_round(); });
    set.carried->require_equal();
    std::cerr << "in " << took << " ms\n";
    print(static_cast<double>(moved) / (1 << 20), static_cast<double>(gib()) / (1 << 20));
  }
}

/// ms of the last round, which takes the way that was faster, and of a round that carries the whole file.
void in_place_time(const std::string& at, int turns) {
  InPlace set(at);
  const auto copy = set.trees.from + "/copy";
  const auto took = [](const RoundReport& round) { return static_cast<double>(round.took.count()); };
  for (int i = 0; i < 2; ++i) {  // the second one finds its signature, and is what the last round goes by
    set.change();
    std::cerr << "as a difference " << set.carried->round().took.count() << " ms\n";
  }
  for (; turns > 0; --turns) {
    set.change();
    let_settle();
    const auto last = set.carried->last_round();
    set.carried->require_equal();
    std::cerr << last.bytes / (1 << 20) << " MiB moved\n";
    fs::copy_file(set.file, copy);
    let_settle();
    print(took(last), took(set.carried->round()));
    fs::remove(copy);
    set.carried->round();
  }
}

/// What files at rest cost under a fence: the last round and both digests after 20 changes, among 100,000 files and
/// among 100; ms.
void at_rest(const std::string& at, int turns) {
  const Trees many_trees(at, "many"), few_trees(at, "few");
  Carried many(many_trees), few(few_trees);
  const auto begin = [](Carried& carried, const Trees& trees, int count) {
    make_small(trees, count);
    carried.round();
    let_settle();
    carried.thorough_round();
  };
  const auto under_fence = [](Carried& carried, const Trees& trees, int turn) {
    for (int i = 0; i < 20; ++i) put(trees.from + file_name(i), "changed " + std::to_string(turn));
    return ms_of([&] {
      carried.last_round();
      carried.require_equal();
    });
  };
  begin(many, many_trees, scaled(100'000));
  begin(few, few_trees, 100);
  for (; turns > 0; --turns) {
    const auto ours = under_fence(many, many_trees, turns);
    print(ours, under_fence(few, few_trees, turns));
  }
}

std::string content_of(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(8192, '\0');
  const auto got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  return got < 0 ? "none" : text.substr(0, static_cast<std::size_t>(got));
}

/// A million changes of 20,000 files while rounds go on, none of which is missed; MiB of the larger helper, and what it
/// may have.
void million(const std::string& at, int turns) {
  for (; turns > 0; --turns) {
    const Trees trees(at);
    const int count = scaled(20'000);
    make_small(trees, count);
    Carried carried(trees);
    carried.round();
    const pid_t writer = ::fork();
    if (writer == 0) {
      std::mt19937_64 random(3);
      for (int i = scaled(1'000'000); i > 0; --i) {
        const auto file = trees.from + file_name(static_cast<int>(random() % static_cast<unsigned>(count)));
        if (random() % 8 == 0)
          ::unlink(file.c_str());
        else
          put(file, std::to_string(i), 0, false);
      }
      ::_exit(0);
    }
    int status = 1, rounds = 0, missed = 0;
    while (::waitpid(writer, &status, WNOHANG) == 0) {
      carried.round();
      ++rounds;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    must(status == 0, "a million changes");
    carried.round();
    carried.require_equal();
    for (int i = 0; i < count; ++i)
      missed += content_of(trees.from + file_name(i)) != content_of(trees.to + file_name(i)) ? 1 : 0;
    std::cerr << missed << " missed, in " << rounds << " rounds\n";
    must(missed == 0, "carrying a million changes");
    print(std::max(carried.source.peak_mib(), carried.target.peak_mib()), 64);
  }
}

/// ms of writing 4 KiB to files here and there, each one opened, cut, written and closed; `durable`: and synced.
double ms_of_writing(const Trees& trees, int files, int writes, bool durable) {
  std::mt19937_64 random(3);
  const std::string content(4096, 'w');
  return ms_of([&] {
    for (int i = 0; i < writes; ++i) {
      const auto file = trees.from + file_name(static_cast<int>(random() % static_cast<unsigned>(files)));
      const Fd fd(::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
      must(::write(fd.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()), "write");
      if (durable) must(::fsync(fd.get()) == 0, "fsync");
    }
  });
}

/// What a program that writes as fast as it can pays for being watched: ms with capture, and without. The one that is
/// watched goes first in every second turn.
void capture_cost(const std::string& at, int turns, bool durable) {
  const Trees trees(at);
  const int files = scaled(1'000), writes = scaled(durable ? 10'000 : 400'000);
  make_small(trees, files);
  const auto watched = [&] {
    const Carried carried(trees);
    let_settle();
    return ms_of_writing(trees, files, writes, durable);
  };
  const auto alone = [&] {
    let_settle();
    return ms_of_writing(trees, files, writes, durable);
  };
  alone();
  for (; turns > 0; --turns) {
    const bool first = turns % 2 == 0;
    const double before = first ? watched() : alone();
    const double after = first ? alone() : watched();
    print(first ? before : after, first ? after : before);
  }
}

void capture_unsynced(const std::string& at, int turns) { capture_cost(at, turns, false); }
void capture_synced(const std::string& at, int turns) { capture_cost(at, turns, true); }

}  // namespace

int main(int argc, char** argv) {
  if (argc > 3 && std::strcmp(argv[1], "relay") == 0) return relay(argv + 3);  // behind the other end's name
  using Figure = void (*)(const std::string& at, int turns);
  const std::map<std::string, Figure> figures{
      {"first-small", first_small}, {"few-changed", few_changed},     {"first-large", first_large},
      {"in-place", in_place},       {"in-place-time", in_place_time}, {"at-rest", at_rest},
      {"million", million},         {"capture", capture_unsynced},    {"capture-synced", capture_synced}};
  const auto figure = argc >= 3 ? figures.find(argv[2]) : figures.end();
  if (figure == figures.end()) {
    std::cerr << "usage: bench_guest_files DIRECTORY FIGURE [TURNS] [SCALE]: one line a turn, ours and the other one.\n"
                 "Disks are mounted at DIRECTORY/here, for the source, and DIRECTORY/there.\n"
                 "Figures:";
    for (const auto& [name, unused] : figures) std::cerr << " " << name;
    std::cerr << "\n";
    return 2;
  }
  if (argc > 4) scale = std::atof(argv[4]);
  figure->second(argv[1], argc > 3 ? std::atoi(argv[3]) : 1);
  return 0;
}
