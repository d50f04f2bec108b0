#include "support/slow_write.hpp"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "catch.hpp"

namespace moult::test {

namespace {

/// By the kernel's asynchronous I/O; returns when all is written.
void write_asynchronously(int fd, void* memory, std::size_t bytes) {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 1, &context) != 0) return;
  iocb write{};
  write.aio_lio_opcode = IOCB_CMD_PWRITE;
  write.aio_fildes = static_cast<std::uint32_t>(fd);
  write.aio_buf = reinterpret_cast<std::uintptr_t>(memory);
  write.aio_nbytes = bytes;
  iocb* writes[1] = {&write};
  io_event done{};
  if (::syscall(SYS_io_submit, context, 1, writes) == 1) ::syscall(SYS_io_getevents, context, 1, 1, &done, nullptr);
  ::syscall(SYS_io_destroy, context);
}

}  // namespace

SlowWrite::SlowWrite(int fd, char content, Call call) : content_(content) {
  faults_.reset(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
  REQUIRE(faults_);
  uffdio_api api{};
  api.api = UFFD_API;
  REQUIRE(::ioctl(faults_.get(), UFFDIO_API, &api) == 0);
  void* memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  memory_ = static_cast<char*>(memory);
  std::memset(memory_, content_, kPage);
  uffdio_register missing{};
  missing.range = {reinterpret_cast<std::uintptr_t>(memory_) + kPage, kPage};
  missing.mode = UFFDIO_REGISTER_MODE_MISSING;
  REQUIRE(::ioctl(faults_.get(), UFFDIO_REGISTER, &missing) == 0);
  writer_ = std::thread([fd, memory, call] {
    if (call == Call::submit)
      write_asynchronously(fd, memory, kBytes);
    else
      (void)!::pwrite(fd, memory, kBytes, 0);
  });
  pollfd waits{faults_.get(), POLLIN, 0};
  REQUIRE(::poll(&waits, 1, 10'000) == 1);
}

void SlowWrite::finish() {
  if (!writer_.joinable()) return;
  const std::string page(kPage, content_);
  uffdio_copy copy{};
  copy.src = reinterpret_cast<std::uintptr_t>(page.data());
  copy.dst = reinterpret_cast<std::uintptr_t>(memory_) + kPage;
  copy.len = kPage;
  CHECK(::ioctl(faults_.get(), UFFDIO_COPY, &copy) == 0);
  writer_.join();
}

SlowWrite::~SlowWrite() {
  finish();
  ::munmap(memory_, kBytes);
}

}  // namespace moult::test
