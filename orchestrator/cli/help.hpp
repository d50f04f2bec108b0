#pragma once

namespace CLI {
class App;
}

namespace moult {

/// Gives the program and each of its commands the text below its options: what it does for whom, with examples.
void add_help(CLI::App& app);

}  // namespace moult
