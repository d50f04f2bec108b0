#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "catch.hpp"
#include "descriptors/update_order.hpp"

namespace moult {
namespace {

using Names = std::vector<std::string>;
using Edges = std::vector<OrderEdge>;

std::string name(std::size_t i) { return "n" + std::to_string(i); }

Names names(std::size_t count) {
  Names all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(name(i));
  return all;
}

/// Random edges; `forward` keeps them from lower to higher numbers, which leaves no room for a circle.
Edges random_edges(std::size_t nodes, bool forward) {
  const auto count = *rc::gen::inRange<std::size_t>(0, nodes * 2 + 1);
  Edges edges;
  for (std::size_t i = 0; i < count; ++i) {
    const auto a = *rc::gen::inRange<std::size_t>(0, nodes), b = *rc::gen::inRange<std::size_t>(0, nodes);
    if (forward && a == b) continue;
    const int line = static_cast<int>(i) + 1;
    edges.push_back({name(forward ? std::min(a, b) : a), name(forward ? std::max(a, b) : b), {"f", line, 1}});
  }
  return edges;
}

std::map<std::string, std::size_t> wave_of(const Waves& waves) {
  std::map<std::string, std::size_t> of;
  for (std::size_t i = 0; i < waves.waves.size(); ++i)
    for (const auto& node : waves.waves[i]) of[node] = i;
  return of;
}

bool reaches(const std::string& from, const std::string& to, const Edges& edges, const std::set<std::string>& through) {
  std::vector<std::string> queue{from};
  std::set<std::string> seen;
  for (std::size_t head = 0; head < queue.size(); ++head)
    for (const auto& edge : edges) {
      if (edge.before != queue[head]) continue;
      if (edge.after == to) return true;
      if (through.count(edge.after) > 0 && seen.insert(edge.after).second) queue.push_back(edge.after);
    }
  return false;
}

TEST_CASE("nothing to update has no waves") {
  const auto order = std::get<Waves>(order_updates({}, {}));
  CHECK(order.waves.empty());
  CHECK(order.critical_path.empty());
}

TEST_CASE("waves are sorted, as early as they can be, and the longest chain is named") {
  const Edges edges{{"db", "api", {}}, {"api", "ui", {}}, {"cache", "ui", {}}, {"not-old", "db", {}}};
  const auto order = std::get<Waves>(order_updates({"ui", "api", "cache", "db", "agent"}, edges));
  CHECK(order.waves == std::vector<Names>{{"agent", "cache", "db"}, {"api"}, {"ui"}});
  CHECK(order.critical_path == Names{"db", "api", "ui"});
}

TEST_CASE("a circle is named edge by edge, with the lines that wrote it") {
  const Edges edges{
      {"a", "b", {"m.yaml", 7, 3}}, {"b", "c", {"m.yaml", 9, 3}}, {"c", "a", {"m.yaml", 2, 3}}, {"c", "d", {}}};
  const auto cycle = std::get<Cycle>(order_updates({"a", "b", "c", "d"}, edges));
  REQUIRE(cycle.edges.size() == 3);
  CHECK(cycle.text() == "a waits for c (m.yaml:2:3)\nc waits for b (m.yaml:9:3)\nb waits for a (m.yaml:7:3)");
  const auto alone = std::get<Cycle>(order_updates({"a"}, {{"a", "a", {}}}));
  CHECK(alone.text() == "a waits for a");
}

TEST_CASE("without circles every edge leads to a later wave, and there are as few waves as the longest chain needs") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 40);
    const auto edges = random_edges(count, true);
    const auto order = std::get<Waves>(order_updates(names(count), edges));
    const auto of = wave_of(order);
    RC_ASSERT(of.size() == count);
    for (const auto& edge : edges) RC_ASSERT(of.at(edge.before) < of.at(edge.after));
    for (const auto& [node, wave] : of) {  // nobody waits for nothing
      const auto waits = [&, n = node, w = wave](const OrderEdge& e) {
        return e.after == n && of.at(e.before) + 1 == w;
      };
      RC_ASSERT(wave == 0 || std::any_of(edges.begin(), edges.end(), waits));
    }
    RC_ASSERT(order.critical_path.size() == order.waves.size());
    for (std::size_t i = 1; i < order.critical_path.size(); ++i)
      RC_ASSERT(std::any_of(edges.begin(), edges.end(), [&](const OrderEdge& e) {
        return e.before == order.critical_path[i - 1] && e.after == order.critical_path[i];
      }));
    for (const auto& wave : order.waves) RC_ASSERT(std::is_sorted(wave.begin(), wave.end()));
  }));
}

TEST_CASE("whatever the edges are, the answer is an order or a circle that is really there") {
  int circles = 0, orders = 0;
  CHECK(rc::check([&] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    const auto edges = random_edges(count, false);
    const auto order = order_updates(names(count), edges);
    if (std::holds_alternative<Waves>(order)) {
      ++orders;
      return;
    }
    ++circles;
    const auto& circle = std::get<Cycle>(order).edges;
    RC_ASSERT(!circle.empty());
    for (std::size_t i = 0; i < circle.size(); ++i) {
      RC_ASSERT(circle[i].after == circle[(i + 1) % circle.size()].before);
      RC_ASSERT(std::any_of(edges.begin(), edges.end(), [&](const OrderEdge& e) {
        return e.before == circle[i].before && e.after == circle[i].after && e.at.line == circle[i].at.line;
      }));
    }
  }));
  CHECK(circles > 5);
  CHECK(orders > 5);
}

TEST_CASE("the closure keeps exactly the order that the edges say through what is left out") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 14);
    const auto edges = random_edges(count, true);
    Names kept;
    std::set<std::string> left_out;
    for (const auto& node : names(count))
      if (*rc::gen::arbitrary<bool>())
        kept.push_back(node);
      else
        left_out.insert(node);
    std::set<std::pair<std::string, std::string>> found;
    for (const auto& edge : closure_over(kept, edges)) RC_ASSERT(found.emplace(edge.before, edge.after).second);
    for (const auto& a : kept)
      for (const auto& b : kept) RC_ASSERT((found.count({a, b}) == 1) == reaches(a, b, edges, left_out));
  }));
}

TEST_CASE("ordering what is kept is ordering its closure, whatever circles there are") {
  for (const bool forward : {true, false})
    CHECK(rc::check([forward] {
      const auto count = *rc::gen::inRange<std::size_t>(1, 14);
      const auto edges = random_edges(count, forward);
      Names kept;
      for (const auto& node : names(count))
        if (*rc::gen::arbitrary<bool>()) kept.push_back(node);
      const auto order = order_kept(kept, edges), expected = order_updates(kept, closure_over(kept, edges));
      RC_ASSERT(order.index() == expected.index());
      if (const auto* waves = std::get_if<Waves>(&order)) {
        RC_ASSERT(waves->waves == std::get<Waves>(expected).waves);
        RC_ASSERT(waves->critical_path == std::get<Waves>(expected).critical_path);
      } else {
        RC_ASSERT(std::get<Cycle>(order).text() == std::get<Cycle>(expected).text());
      }
    }));
}

TEST_CASE("a chain of 200,000 is ordered without deep recursion, and so is its circle") {
  constexpr std::size_t kCount = 200'000;
  const auto nodes = names(kCount);
  Edges edges;
  for (std::size_t i = 1; i < kCount; ++i) edges.push_back({nodes[i - 1], nodes[i], {}});
  const auto order = std::get<Waves>(order_updates(nodes, edges));
  CHECK(order.waves.size() == kCount);
  CHECK(order.critical_path.size() == kCount);
  CHECK(closure_over({nodes.front(), nodes.back()}, edges).size() == 1);
  edges.push_back({nodes.back(), nodes.front(), {}});
  CHECK(std::get<Cycle>(order_updates(nodes, edges)).edges.size() == kCount);
}

}  // namespace
}  // namespace moult
