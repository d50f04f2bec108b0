// Globs as a small automaton: a set of positions in the pattern, moved on byte by byte, so that no pattern is slow.
#include <cstddef>
#include <vector>

#include "drivers/guest/files/path_filter.hpp"

namespace moult::files {
namespace {

struct Token {
  enum class Kind { literal, any, star, deep_star, klass } kind = Kind::literal;
  char byte = 0;
  std::string_view klass{};  ///< between the brackets
  bool whole_part = false;   ///< deep_star before a '/': "**/x" also matches "x", without the slash
};

/// Index of the bracket that closes the class opened at `at`, or npos when none does.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  std::size_t first = at + 1;
  if (first < pattern.size() && (pattern[first] == '!' || pattern[first] == '^')) ++first;
  return pattern.find(']', first + 1);
}

std::vector<Token> tokens_of(std::string_view pattern) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '*' && i + 1 < pattern.size() && pattern[i + 1] == '*') {
      const bool whole_part = (i == 0 || pattern[i - 1] == '/') && i + 2 < pattern.size() && pattern[i + 2] == '/';
      tokens.push_back({Token::Kind::deep_star, 0, {}, whole_part});
      ++i;
    } else if (c == '*') {
      tokens.push_back({Token::Kind::star});
    } else if (c == '?') {
      tokens.push_back({Token::Kind::any});
    } else if (c == '[' && class_end(pattern, i) != std::string_view::npos) {
      const auto end = class_end(pattern, i);
      tokens.push_back({Token::Kind::klass, 0, pattern.substr(i + 1, end - i - 1)});
      i = end;
    } else if (c == '\\' && i + 1 < pattern.size()) {
      tokens.push_back({Token::Kind::literal, pattern[++i]});
    } else {
      tokens.push_back({Token::Kind::literal, c});
    }
  }
  return tokens;
}

bool in_class(std::string_view klass, char c) {
  const bool negated = !klass.empty() && (klass[0] == '!' || klass[0] == '^');
  if (negated) klass.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < klass.size(); ++i) {
    if (i + 2 < klass.size() && klass[i + 1] == '-') {
      const auto byte = static_cast<unsigned char>(c);
      found |= byte >= static_cast<unsigned char>(klass[i]) && byte <= static_cast<unsigned char>(klass[i + 2]);
      i += 2;
    } else {
      found |= klass[i] == c;
    }
  }
  return found != negated && c != '/';
}

bool steps(const Token& token, char c) {
  switch (token.kind) {
    case Token::Kind::literal:
      return token.byte == c;
    case Token::Kind::any:
    case Token::Kind::star:
      return c != '/';
    case Token::Kind::deep_star:
      return true;
    case Token::Kind::klass:
      return in_class(token.klass, c);
  }
  return false;
}

bool is_star(const Token& token) { return token.kind == Token::Kind::star || token.kind == Token::Kind::deep_star; }

using Positions = std::vector<bool>;

/// A star may stand for nothing: whoever comes to it also stands behind it.
void enter(const std::vector<Token>& tokens, Positions& at, std::size_t i) {
  for (; !at[i]; i += tokens[i].whole_part ? 2 : 1) {
    at[i] = true;
    if (i == tokens.size() || !is_star(tokens[i])) return;
  }
}

void step(const std::vector<Token>& tokens, std::size_t i, char c, Positions& next) {
  const Token& token = tokens[i];
  if (!steps(token, c)) return;
  if (!is_star(token)) return enter(tokens, next, i + 1);
  if (!token.whole_part) return enter(tokens, next, i);
  next[i] = true;
  if (c == '/') enter(tokens, next, i + 2);
}

bool automaton_matches(const std::vector<Token>& tokens, std::string_view text) {
  Positions at(tokens.size() + 1, false);
  enter(tokens, at, 0);
  for (const char c : text) {
    Positions next(tokens.size() + 1, false);
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (at[i]) step(tokens, i, c, next);
    at.swap(next);
  }
  return at.back();
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && pattern.front() == '/') pattern.remove_prefix(1);
  while (!pattern.empty() && pattern.back() == '/') pattern.remove_suffix(1);
  if (pattern.empty()) return false;
  if (pattern.find('/') != std::string_view::npos) return automaton_matches(tokens_of(pattern), path);
  return automaton_matches(tokens_of(pattern), last_name_of(path));
}

}  // namespace moult::files
