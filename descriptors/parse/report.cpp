#include "descriptors/parse/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "descriptors/base/text.hpp"

namespace moult::parse {
namespace {

constexpr std::size_t kMostFindings = 200;
constexpr std::size_t kLongestPath = 300;

auto order_of(const Finding& finding) {
  return std::tie(finding.at.file, finding.at.line, finding.at.column, finding.path, finding.message);
}

}  // namespace

void Report::add(yaml::Place at, const std::string& path, std::string message, std::string hint) {
  add(locate(at), path, std::move(message), std::move(hint));
}

void Report::add(Location at, const std::string& path, std::string message, std::string hint) {
  if (full()) {
    ++dropped_;
    return;
  }
  findings_.push_back({std::move(at), printable(path, kLongestPath), std::move(message), std::move(hint)});
}

bool Report::full() const { return findings_.size() >= kMostFindings; }

std::vector<Finding> Report::take() {
  std::stable_sort(findings_.begin(), findings_.end(),
                   [](const Finding& a, const Finding& b) { return order_of(a) < order_of(b); });
  const auto same = [](const Finding& a, const Finding& b) { return order_of(a) == order_of(b); };
  findings_.erase(std::unique(findings_.begin(), findings_.end(), same), findings_.end());
  if (dropped_ > 0)
    findings_.push_back(
        {findings_.back().at, "", "and " + std::to_string(dropped_) + " more findings in this file", ""});
  dropped_ = 0;
  return std::exchange(findings_, {});
}

}  // namespace moult::parse
