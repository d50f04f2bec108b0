// The one file that knows Boost.Graph: callers see waves, or a circle that is named.
#include "descriptors/update_order.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/graph/topological_sort.hpp>
#include <iterator>
#include <limits>
#include <unordered_map>
#include <utility>

namespace moult {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, std::size_t>;
using Vertex = Graph::vertex_descriptor;
using Edge = Graph::edge_descriptor;

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// Names as vertices 0..n-1 in the order of the names, so that every answer is the same for the same input.
class Names {
 public:
  explicit Names(std::vector<std::string> names) : names_(std::move(names)) {
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    for (std::size_t i = 0; i < names_.size(); ++i) index_.emplace(names_[i], i);
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] const std::string& operator[](std::size_t vertex) const { return names_[vertex]; }
  [[nodiscard]] std::size_t find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? kNone : found->second;
  }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> index_;
};

Graph graph_of(const Names& names, const std::vector<OrderEdge>& edges) {
  Graph graph(names.size());
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto before = names.find(edges[i].before), after = names.find(edges[i].after);
    if (before != kNone && after != kNone) boost::add_edge(before, after, i, graph);
  }
  return graph;
}

/// Each vertex's wave is one more than the highest wave before it; `previous` is a vertex of that wave.
struct Layers {
  std::vector<std::size_t> wave, previous;
};

Layers layers_of(const Graph& graph, const std::vector<Vertex>& last_to_first) {
  Layers layers{std::vector<std::size_t>(num_vertices(graph), 0), std::vector<std::size_t>(num_vertices(graph), kNone)};
  for (auto vertex = last_to_first.rbegin(); vertex != last_to_first.rend(); ++vertex)
    for (auto [edge, end] = out_edges(*vertex, graph); edge != end; ++edge) {
      const auto next = target(*edge, graph);
      const auto wave = layers.wave[*vertex] + 1;
      const bool higher = wave > layers.wave[next];
      if (higher || (wave == layers.wave[next] && *vertex < layers.previous[next])) {
        layers.wave[next] = wave;
        layers.previous[next] = *vertex;
      }
    }
  return layers;
}

Waves waves_of(const Names& names, const Layers& layers) {
  Waves result;
  for (std::size_t vertex = 0; vertex < names.size(); ++vertex) {
    if (layers.wave[vertex] >= result.waves.size()) result.waves.resize(layers.wave[vertex] + 1);
    result.waves[layers.wave[vertex]].push_back(names[vertex]);
  }
  const auto last = std::max_element(layers.wave.begin(), layers.wave.end());
  if (last == layers.wave.end()) return result;
  for (auto at = static_cast<std::size_t>(last - layers.wave.begin()); at != kNone; at = layers.previous[at])
    result.critical_path.push_back(names[at]);
  std::reverse(result.critical_path.begin(), result.critical_path.end());
  return result;
}

/// A vertex that stands on a circle: the first of a component of two or more, or one with an edge to itself.
Vertex vertex_on_circle(const Graph& graph, const std::vector<std::size_t>& component, std::size_t components) {
  std::vector<std::size_t> members(components, 0);
  for (const auto c : component) ++members[c];
  for (Vertex vertex = 0; vertex < num_vertices(graph); ++vertex)
    if (members[component[vertex]] > 1 || boost::edge(vertex, vertex, graph).second) return vertex;
  return 0;
}

/// The shortest circle through `start`, by breadth first search within its strong component.
std::vector<std::size_t> circle_through(const Graph& graph, Vertex start, const std::vector<std::size_t>& component) {
  std::vector<std::pair<Vertex, std::size_t>> reached_by(num_vertices(graph), {kNone, kNone});
  std::vector<Vertex> queue{start};
  for (std::size_t head = 0; head < queue.size() && reached_by[start].first == kNone; ++head)
    for (auto [edge, end] = out_edges(queue[head], graph); edge != end; ++edge) {
      const auto next = target(*edge, graph);
      if (component[next] != component[start] || reached_by[next].first != kNone) continue;
      reached_by[next] = {queue[head], graph[*edge]};
      queue.push_back(next);
    }
  std::vector<std::size_t> circle;
  auto at = start;
  do {
    circle.push_back(reached_by[at].second);
    at = reached_by[at].first;
  } while (at != start);
  std::reverse(circle.begin(), circle.end());
  return circle;
}

Cycle cycle_of(const Graph& graph, const std::vector<OrderEdge>& edges) {
  std::vector<std::size_t> component(num_vertices(graph));
  const auto components = static_cast<std::size_t>(boost::strong_components(
      graph, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph))));
  Cycle cycle;
  for (const auto index : circle_through(graph, vertex_on_circle(graph, component, components), component))
    cycle.edges.push_back(edges[index]);
  return cycle;
}

}  // namespace

std::string Cycle::text() const {
  std::string text;
  for (auto edge = edges.rbegin(); edge != edges.rend(); ++edge) {  // so that each line goes on where the last ended
    text += (text.empty() ? "" : "\n") + edge->after + " waits for " + edge->before;
    if (edge->at.line > 0) text += " (" + edge->at.text() + ")";
  }
  return text;
}

std::variant<Waves, Cycle> order_updates(const std::vector<std::string>& nodes, const std::vector<OrderEdge>& edges) {
  const Names names(nodes);
  const auto graph = graph_of(names, edges);
  std::vector<Vertex> last_to_first;
  last_to_first.reserve(names.size());
  try {
    std::vector<boost::default_color_type> colours(names.size());
    const auto index = boost::get(boost::vertex_index, graph);
    boost::topological_sort(graph, std::back_inserter(last_to_first),
                            boost::color_map(boost::make_iterator_property_map(colours.begin(), index)));
  } catch (const boost::not_a_dag&) {
    return cycle_of(graph, edges);
  }
  return waves_of(names, layers_of(graph, last_to_first));
}

std::vector<OrderEdge> closure_over(const std::vector<std::string>& kept, const std::vector<OrderEdge>& edges) {
  std::vector<std::string> all = kept;
  for (const auto& edge : edges) all.insert(all.end(), {edge.before, edge.after});
  const Names names(std::move(all));
  const auto graph = graph_of(names, edges);
  std::vector<bool> is_kept(names.size(), false);
  for (const auto& name : kept) is_kept[names.find(name)] = true;

  std::vector<OrderEdge> closure;
  std::vector<std::size_t> seen_from(names.size(), kNone);
  for (std::size_t start = 0; start < names.size(); ++start) {
    if (!is_kept[start]) continue;
    std::vector<Vertex> queue{start};
    for (std::size_t head = 0; head < queue.size(); ++head)
      for (auto [edge, end] = out_edges(queue[head], graph); edge != end; ++edge) {
        const auto next = target(*edge, graph);
        if (std::exchange(seen_from[next], start) == start) continue;
        if (is_kept[next])
          closure.push_back({names[start], names[next], edges[graph[*edge]].at});
        else
          queue.push_back(next);
      }
  }
  return closure;
}

}  // namespace moult
