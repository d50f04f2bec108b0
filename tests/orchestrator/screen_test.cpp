#include "orchestrator/cli/screen.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "orchestrator/cli/plain_view.hpp"

using namespace moult;

namespace {

struct Pipe {
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading = Fd(ends[0]);
    writing = Fd(ends[1]);
  }
  Fd reading, writing;
};

std::string all_of(int fd) {
  std::string text(1 << 20, '\0');
  std::size_t size = 0;
  for (ssize_t count = 0; (count = ::read(fd, text.data() + size, text.size() - size)) > 0;)
    size += static_cast<std::size_t>(count);
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("a screen writes what was put, in order, before it goes", "[screen]") {
  Pipe pipe;
  {
    Screen screen(pipe.writing.get());
    for (int i = 0; i < 1000; ++i) screen.put(std::to_string(i) + "\n");
  }
  pipe.writing = Fd();
  std::string wanted;
  for (int i = 0; i < 1000; ++i) wanted += std::to_string(i) + "\n";
  CHECK(all_of(pipe.reading.get()) == wanted);
}

TEST_CASE("a pipe that nobody reads holds nobody up", "[screen]") {
  Pipe pipe;
  std::size_t put = 0;
  {
    Screen screen(pipe.writing.get());
    for (; put < 100'000; ++put) screen.put(std::string(100, 'x') + "\n");  // ten times what is kept
  }
  CHECK(put == 100'000);  // neither put nor the end waited for a reader
  // The thread that is stuck ends with the pipe.
  pipe.reading = Fd();
}

TEST_CASE("a view whose reader has gone lets the run go on", "[screen]") {
  Pipe pipe;
  pipe.reading = Fd();
  std::FILE* out = ::fdopen(::dup(pipe.writing.get()), "w");
  REQUIRE(out != nullptr);
  {
    PlainView view(out);
    CHECK_NOTHROW(view.run_began("r1", "org.example.notes", "2.0.0"));
    for (int i = 0; i < 100; ++i) CHECK_NOTHROW(view.cutover_part("fence", 5.0));
  }
  std::fclose(out);
}

TEST_CASE("a round that looked at every file says why", "[screen]") {
  Pipe pipe;
  std::FILE* out = ::fdopen(::dup(pipe.writing.get()), "w");
  {
    PlainView view(out);
    RoundReport round;
    view.round_ended("notes", round, Millis{1});
    round.scan_reason = "the kernel's event queue overflowed";
    view.round_ended("notes", round, Millis{1});
  }
  std::fclose(out);
  pipe.writing = Fd();
  const auto text = all_of(pipe.reading.get());
  CHECK(text.find("next about 1 ms\n") != std::string::npos);
  CHECK(text.find("next about 1 ms; looked at every file: the kernel's event queue overflowed\n") != std::string::npos);
}
