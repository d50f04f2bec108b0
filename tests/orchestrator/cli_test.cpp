// The command line as a person meets it.
#include "orchestrator/cli/cli.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>

#include "catch.hpp"
#include "orchestrator/cli/live_view.hpp"

using namespace moult;

namespace {

struct Said {
  int code = 0;
  std::string out;
};

/// Runs moult as its main does, and keeps what it prints through std::cout.
Said moult_says(std::vector<std::string> words) {
  words.insert(words.begin(), "moult");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  std::ostringstream out;
  auto* before = std::cout.rdbuf(out.rdbuf());
  Cli cli;
  const int code = run_cli(static_cast<int>(argv.size()), argv.data(), cli);
  std::cout.rdbuf(before);
  return {code, out.str()};
}

std::string page(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("help of the program and of every command shows examples of its own", "[cli]") {
  const auto program = moult_says({"--help"});
  CHECK(program.code == 0);
  CHECK(program.out.find("A first upgrade:") != std::string::npos);
  const std::regex line("\n  ([a-z]+) {2,}[A-Z]");
  const auto list = program.out.substr(program.out.find("Subcommands:"));
  int commands = 0;
  for (std::sregex_iterator at(list.begin(), list.end(), line), end; at != end; ++at, ++commands) {
    const auto command = (*at)[1].str();
    const auto help = moult_says({command, "--help"});
    INFO(help.out);
    CHECK(help.code == 0);
    CHECK(help.out.find("A first upgrade:") == std::string::npos);
    CHECK(help.out.find("\nExample") != std::string::npos);
    CHECK(help.out.find("  moult " + command + " ") != std::string::npos);
    CHECK(help.out.find("TEXT") == std::string::npos);  // what an option takes has a name
  }
  CHECK(commands == 15);
  CHECK(moult_says({"audit", "verify", "--help"}).out.find("moult audit export") != std::string::npos);
}

TEST_CASE("a command line that makes no sense ends with the code of usage", "[cli]") {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{}, {"upgrad"}, {"status"}, {"plan", "-o", "xml", "a", "b"}})
    CHECK(moult_says(words).code == exit_code_of(Code::usage));
  CHECK(moult_says({"--version"}).code == 0);
}

TEST_CASE("a command that there is not is named, with the one that was probably meant", "[cli]") {
  const auto error_of = [](std::vector<std::string> words) {
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO);
    std::FILE* file = std::tmpfile();
    ::dup2(::fileno(file), STDERR_FILENO);
    (void)moult_says(std::move(words));
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    std::rewind(file);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  };
  CHECK(error_of({"upgrad", "a.yaml"}) ==
        "moult: error: there is no command \"upgrad\"\nmoult: remedy: Did you mean `moult upgrade`? See `moult "
        "--help`.\n");
  CHECK(error_of({"audit", "shwo", "r1"}) ==
        "moult: error: there is no command \"shwo\"\nmoult: remedy: Did you mean `moult audit show`? See `moult audit "
        "--help`.\n");
}

TEST_CASE("an exception that nobody caught ends as a defect, not as an abort", "[cli]") {
  std::string name = "moult", command = "probe", file = "tests/descriptors/data/good/appliance-installed.yaml";
  std::vector<char*> argv{name.data(), command.data(), file.data()};
  Cli cli;
  cli.make_platform = [](const auto&, const auto&, const auto*) -> Result<std::unique_ptr<Platform>> {
    throw std::runtime_error("out of paper");
  };
  CHECK(run_cli(static_cast<int>(argv.size()), argv.data(), cli) == exit_code_of(Code::internal));
}

TEST_CASE("the documented exit codes are the program's", "[cli]") {
  const auto text = page("docs/exit-codes.md");
  const std::regex row("\n\\| ([0-9]+) \\| ([a-z_]+) \\|");
  std::map<std::string, int> documented, real;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at)
    documented[(*at)[2].str()] = std::stoi((*at)[1].str());
  for (int code = static_cast<int>(Code::internal); code <= static_cast<int>(Code::interrupted); ++code)
    real[std::string(name_of(static_cast<Code>(code)))] = exit_code_of(static_cast<Code>(code));
  CHECK(real.size() == 15);
  CHECK(documented == real);
}

TEST_CASE("without colour the live view sends none to the terminal, and with colour it does", "[cli]") {
  const auto shown = [](bool color) {
    std::FILE* out = std::tmpfile();
    {
      LiveView view(out, color);
      view.run_began("r1", "org.example.notes", "2.0.0");
      view.state_changed(RunState::cloning);
      view.step_ended("snapshot", "", Millis{5}, nullptr);
      view.warn("beware");
    }
    std::rewind(out);
    std::string text(10'000, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), out));
    std::fclose(out);
    return text;
  };
  const std::regex colour("\033\\[[0-9;]*m");
  CHECK(shown(false).find("beware") != std::string::npos);
  CHECK_FALSE(std::regex_search(shown(false), colour));
  CHECK(std::regex_search(shown(true), colour));
}
