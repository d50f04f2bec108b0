#pragma once
// The one place that names Catch2's header: Debian 12 has version 2, version 3 moves it.
#include <catch2/catch.hpp>
