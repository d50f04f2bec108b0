#include <descriptors/base/result.hpp>

/// What matters is that this links.
int main() { return moult::Result<int>(0).value(); }
