#include "support/mapped.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include "catch.hpp"
#include "drivers/fd.hpp"

namespace moult::test {
namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

Mapped::Mapped(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  REQUIRE(page != MAP_FAILED);
  at = static_cast<char*>(page);
  const char first = at[0];
  at[0] = first;
}

Mapped::~Mapped() { ::munmap(const_cast<char*>(at), kPage); }

}  // namespace moult::test
