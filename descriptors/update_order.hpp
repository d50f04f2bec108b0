#pragma once

#include <string>
#include <variant>
#include <vector>

#include "descriptors/base/location.hpp"

namespace moult {

/// "`before` is updated before `after`", and where that was written.
struct OrderEdge {
  std::string before, after;
  Location at;
};

struct Waves {
  std::vector<std::vector<std::string>> waves;  ///< each sorted by name; a wave depends on earlier ones only
  std::vector<std::string> critical_path;       ///< the longest chain, first to last
};

/// Edges that close a circle: each edge's `after` is the next one's `before`.
struct Cycle {
  std::vector<OrderEdge> edges;
  [[nodiscard]] std::string text() const;  ///< one edge a line, with the place that wrote it
};

/// Orders nodes by their edges; edges that name no node of `nodes` are passed over. Pure; O(V+E) by Boost.Graph.
[[nodiscard]] std::variant<Waves, Cycle> order_updates(const std::vector<std::string>& nodes,
                                                       const std::vector<OrderEdge>& edges);

/// Orders the nodes of `kept` by all that `edges` say of them, also through nodes not kept: what order_updates makes of
/// their closure_over. Pure; O(V+E), unless there is a circle.
[[nodiscard]] std::variant<Waves, Cycle> order_kept(const std::vector<std::string>& kept,
                                                    const std::vector<OrderEdge>& edges);

/// Edges between the nodes of `kept` alone that say what `edges` say through nodes not kept.
[[nodiscard]] std::vector<OrderEdge> closure_over(const std::vector<std::string>& kept,
                                                  const std::vector<OrderEdge>& edges);

}  // namespace moult
