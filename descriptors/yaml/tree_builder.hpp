#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/yaml/document.hpp"

namespace moult::yaml {

/// Thrown through the parser to stop it; never leaves this folder.
struct Stop {};

/// Turns byte columns of the parser into character columns; linear when asked in the order of the file.
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view bytes);
  [[nodiscard]] Place find(const YAML::Mark& mark);

 private:
  std::string_view bytes_;
  std::vector<std::size_t> line_starts_;
  int line_ = -1;
  std::size_t column_bytes_ = 0, column_characters_ = 0;
};

/// Receives the parser's events and grows the tree under the limits. Stops the parser by throwing Stop when a limit
/// is passed; what is refused but harmless is noted, and reading goes on.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view bytes, const Limits& limits, Document& out);

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

  /// The place of a mark that the parser gave in an error.
  [[nodiscard]] Place find(const YAML::Mark& mark) { return places_.find(mark); }
  /// How many values were taken in.
  [[nodiscard]] std::size_t values() const { return nodes_; }
  /// Says that values are nested too deep, after the last one taken in, and throws Stop.
  [[noreturn]] void stop_too_deep();
  /// The path of the value that is being read, "components.api.after[0]".
  [[nodiscard]] std::string path() const;

 private:
  struct Level {
    TreeNode node;
    std::map<std::string, Place, std::less<>> seen;
    std::string key;
    Place key_at;
    bool has_key = false, dropped = false;
  };

  void note(Place at, std::string message);
  [[noreturn]] void stop(Place at, std::string message);
  void count(Place at);
  void admit(Place at, const std::string& tag, YAML::anchor_t anchor);
  [[nodiscard]] bool expects_key() const;
  void take_key(const TreeNode& node);
  void open(TreeNode node);
  void close();
  void add(TreeNode node);

  Limits limits_;
  Document& out_;
  PlaceFinder places_;
  std::vector<Level> levels_;
  std::size_t nodes_ = 0;
  Place last_;
  bool started_ = false;
};

}  // namespace moult::yaml
