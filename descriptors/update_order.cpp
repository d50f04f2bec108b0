// The one file that knows Boost.Graph: callers see waves, or a circle that is named.
#include "descriptors/update_order.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/graph/topological_sort.hpp>
#include <iterator>
#include <optional>
#include <utility>

#include "descriptors/sorted_names.hpp"

namespace moult {
namespace {

using Graph = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, std::size_t>;
using Vertex = Graph::vertex_descriptor;

constexpr auto kNone = SortedNames::kNone;

/// Names and edges as numbers.
struct Numbered {
  SortedNames names;
  std::vector<bool> kept;
  Graph graph;  ///< each edge has its index in the edges given
};

/// The ends of those edges that lead between known names: as tickets, and the index of each.
struct Ends {
  std::vector<std::pair<Vertex, Vertex>> tickets;
  std::vector<std::size_t> edges;
};

template <typename Ticket>
Ends ends_of(const std::vector<OrderEdge>& edges, const Ticket& ticket) {
  Ends ends;
  ends.tickets.reserve(edges.size());
  ends.edges.reserve(edges.size());
  auto after = kNone;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const bool again = i > 0 && edges[i].after == edges[i - 1].after;  // those of one component stand together
    if (!again) after = ticket(edges[i].after);
    const auto before = ticket(edges[i].before);
    if (before == kNone || after == kNone) continue;
    ends.tickets.emplace_back(before, after);
    ends.edges.push_back(i);
  }
  return ends;
}

/// The kept nodes, and with `through` also all others that edges name.
Numbered numbered(const std::vector<std::string>& kept, const std::vector<OrderEdge>& edges, bool through) {
  Numbered all;
  all.names.reserve(kept.size());
  for (const auto& node : kept) all.names.add(node);
  const auto known = all.names.size();  // the first tickets
  auto ends = ends_of(edges, [&](const auto& name) { return through ? all.names.add(name) : all.names.find(name); });
  all.names.sort();
  for (auto& [before, after] : ends.tickets) before = all.names.number(before), after = all.names.number(after);
  all.kept.assign(all.names.size(), false);
  for (std::size_t ticket = 0; ticket < known; ++ticket) all.kept[all.names.number(ticket)] = true;
  all.graph = Graph(boost::edges_are_unsorted_multi_pass, ends.tickets.begin(), ends.tickets.end(), ends.edges.begin(),
                    all.names.size());
  return all;
}

/// All vertices, the last first; nothing where there is a circle.
std::optional<std::vector<Vertex>> sorted(const Graph& graph) {
  std::vector<Vertex> last_to_first;
  last_to_first.reserve(num_vertices(graph));
  std::vector<boost::default_color_type> colours(num_vertices(graph));
  const auto index = boost::get(boost::vertex_index, graph);
  try {
    boost::topological_sort(graph, std::back_inserter(last_to_first),
                            boost::color_map(boost::make_iterator_property_map(colours.begin(), index)));
  } catch (const boost::not_a_dag&) {
    return std::nullopt;
  }
  return last_to_first;
}

/// Each vertex's wave is one more than the highest wave of those kept before it; `previous` is the first of that wave
/// by name, also where it is reached through vertices that are not kept.
struct Layers {
  std::vector<std::size_t> wave, previous;
};

Layers layers_of(const Graph& graph, const std::vector<Vertex>& last_to_first, const std::vector<bool>& kept) {
  Layers layers{std::vector<std::size_t>(num_vertices(graph), 0), std::vector<std::size_t>(num_vertices(graph), kNone)};
  for (auto vertex = last_to_first.rbegin(); vertex != last_to_first.rend(); ++vertex) {
    const auto wave = layers.wave[*vertex] + (kept[*vertex] ? 1 : 0);
    const auto through = kept[*vertex] ? *vertex : layers.previous[*vertex];
    for (auto [edge, end] = out_edges(*vertex, graph); edge != end; ++edge) {
      const auto next = target(*edge, graph);
      if (wave < layers.wave[next] || (wave == layers.wave[next] && through >= layers.previous[next])) continue;
      layers.wave[next] = wave;
      layers.previous[next] = through;
    }
  }
  return layers;
}

Waves waves_of(const SortedNames& names, const Layers& layers, const std::vector<bool>& kept) {
  Waves result;
  auto last = kNone;
  for (std::size_t vertex = 0; vertex < names.size(); ++vertex) {
    if (!kept[vertex]) continue;
    const auto wave = layers.wave[vertex];
    if (wave >= result.waves.size()) result.waves.resize(wave + 1);
    result.waves[wave].emplace_back(names[vertex]);
    if (last == kNone || wave > layers.wave[last]) last = vertex;
  }
  for (auto at = last; at != kNone; at = layers.previous[at]) result.critical_path.emplace_back(names[at]);
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
  const auto all = numbered(nodes, edges, false);
  const auto last_to_first = sorted(all.graph);
  if (!last_to_first) return cycle_of(all.graph, edges);
  return waves_of(all.names, layers_of(all.graph, *last_to_first, all.kept), all.kept);
}

std::variant<Waves, Cycle> order_kept(const std::vector<std::string>& kept, const std::vector<OrderEdge>& edges) {
  const auto all = numbered(kept, edges, true);
  const auto last_to_first = sorted(all.graph);
  if (!last_to_first) return order_updates(kept, closure_over(kept, edges));  // the circle may not concern them
  return waves_of(all.names, layers_of(all.graph, *last_to_first, all.kept), all.kept);
}

std::vector<OrderEdge> closure_over(const std::vector<std::string>& kept, const std::vector<OrderEdge>& edges) {
  const auto all = numbered(kept, edges, true);
  std::vector<OrderEdge> closure;
  std::vector<std::size_t> seen_from(all.names.size(), kNone);
  for (std::size_t start = 0; start < all.names.size(); ++start) {
    if (!all.kept[start]) continue;
    std::vector<Vertex> queue{start};
    for (std::size_t head = 0; head < queue.size(); ++head)
      for (auto [edge, end] = out_edges(queue[head], all.graph); edge != end; ++edge) {
        const auto next = target(*edge, all.graph);
        if (std::exchange(seen_from[next], start) == start) continue;
        if (all.kept[next])
          closure.push_back({std::string(all.names[start]), std::string(all.names[next]), edges[all.graph[*edge]].at});
        else
          queue.push_back(next);
      }
  }
  return closure;
}

}  // namespace moult
