#pragma once

#include <string>
#include <vector>

#include "descriptors/load.hpp"
#include "descriptors/yaml/node.hpp"

namespace moult::parse {

/// Collects everything that is wrong with one file.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  /// `path` is the key's path, `message` what was found and expected, `hint` the nearest known key or value.
  void add(Location at, const std::string& path, std::string message, std::string hint = {});
  void add(yaml::Place at, const std::string& path, std::string message, std::string hint = {});

  [[nodiscard]] Location locate(yaml::Place at) const { return {file_, at.line, at.column}; }
  [[nodiscard]] const std::string& file() const { return file_; }
  /// Enough was found: what else is reported is counted only.
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::size_t count() const { return findings_.size(); }

  /// The findings in the order of the file, each once. Of very many the first are kept, and one more says how many
  /// others there were.
  [[nodiscard]] std::vector<Finding> take();

 private:
  std::string file_;
  std::vector<Finding> findings_;
  std::size_t dropped_ = 0;
};

}  // namespace moult::parse
