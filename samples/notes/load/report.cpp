#include "report.hpp"

#include <httplib.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace load {
namespace {

double longest_gap_ms(std::vector<std::int64_t> ends) {
  std::sort(ends.begin(), ends.end());
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < ends.size(); ++i) longest = std::max(longest, ends[i] - ends[i - 1]);
  return static_cast<double>(longest) / 1000;
}

}  // namespace

Figures figures_of(const std::vector<Record>& records, const Window& window) {
  Figures figures;
  std::vector<std::int64_t> latencies, write_ends;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = 0;
  for (const auto& record : records) {
    if (record.start_us > window.to_us || record.start_us + record.latency_us < window.from_us) continue;
    ++figures.requests;
    figures.requests_failed += failed(record) ? 1 : 0;
    figures.writes_acknowledged += acknowledged(record) ? 1 : 0;
    first = std::min(first, record.start_us);
    last = std::max(last, record.start_us);
    const double ms = static_cast<double>(record.latency_us) / 1000;
    if (ms > figures.longest_ms) {
      figures.longest_ms = ms;
      figures.longest_at_us = record.start_us;
    }
    latencies.push_back(record.latency_us);
    if (acknowledged(record)) write_ends.push_back(record.start_us + record.latency_us);
  }
  figures.longest_without_write_ms = longest_gap_ms(std::move(write_ends));
  if (latencies.empty()) return figures;
  std::sort(latencies.begin(), latencies.end());
  figures.seconds = static_cast<double>(last - first) / 1e6;
  figures.p50_ms = static_cast<double>(latencies[latencies.size() / 2]) / 1000;
  figures.p99_ms = static_cast<double>(latencies[latencies.size() * 99 / 100]) / 1000;
  return figures;
}

Verdict judge(const std::vector<Record>& records, const std::vector<Kept>& kept) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> ids_by_number;
  for (const auto& note : kept) {
    if (const auto number = number_of(note.text)) ids_by_number[*number].push_back(note.id);
  }
  Verdict verdict;
  for (const auto& record : records) {
    if (record.kind == Kind::put && record.status == 200) ++verdict.doubled;  // it was there although sent once
    if (!acknowledged(record)) continue;
    ++verdict.checked;
    const auto found = ids_by_number.find(record.number);
    const bool there =
        found != ids_by_number.end() &&
        (record.kind == Kind::post || std::count(found->second.begin(), found->second.end(), record.number) == 1);
    if (!there) ++verdict.lost;
  }
  for (const auto& [number, ids] : ids_by_number) verdict.doubled += ids.size() - 1;
  return verdict;
}

std::optional<std::vector<Kept>> read_back(const std::string& host, int port, std::string& error) {
  httplib::Client client(host, port);
  client.set_keep_alive(true);
  client.set_read_timeout(std::chrono::seconds{60});
  std::vector<Kept> kept;
  std::uint64_t after = 0;
  for (bool more = true; more;) {
    const auto answer = client.Get("/notes?full=1&after=" + std::to_string(after));
    if (!answer || answer->status != 200) {
      error = "reading notes back failed: " +
              (answer ? "status " + std::to_string(answer->status) : to_string(answer.error()));
      return std::nullopt;
    }
    const auto page = nlohmann::json::parse(answer->body, nullptr, false);
    if (!page.is_object() || !page.contains("notes")) {
      error = "reading notes back failed: not the service's form";
      return std::nullopt;
    }
    for (const auto& note : page["notes"]) kept.push_back({note.value("id", std::uint64_t{0}), note.value("text", "")});
    more = page.value("more", false);
    after = page.value("last", std::uint64_t{0});
  }
  return kept;
}

}  // namespace load
