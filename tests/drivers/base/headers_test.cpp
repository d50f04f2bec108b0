// Every seam header stands on its own and beside the others.
#include <fcntl.h>

#include "catch.hpp"
#include "drivers/component_driver.hpp"
#include "drivers/entry.hpp"
#include "drivers/fd.hpp"
#include "drivers/platform.hpp"

TEST_CASE("a moved-from descriptor owner closes nothing, its new owner closes once") {
  moult::Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(first);
  const int number = first.get();
  {
    moult::Fd second = std::move(first);
    CHECK_FALSE(first);
    CHECK(second.get() == number);
  }
  CHECK(::fcntl(number, F_GETFD) == -1);
}
