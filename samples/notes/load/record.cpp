#include "record.hpp"

#include <array>
#include <sstream>
#include <string_view>

namespace load {
namespace {

constexpr std::array<std::string_view, 4> kKindNames{"put", "post", "get", "page"};
constexpr std::string_view kTextStart = "load ";

std::optional<Kind> kind_of(const std::string& name) {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

}  // namespace

bool acknowledged(const Record& record) {
  if (record.kind == Kind::put) return record.status == 201 || record.status == 200;
  return record.kind == Kind::post && record.status == 201;
}

bool failed(const Record& record) {
  const bool writes = record.kind == Kind::put || record.kind == Kind::post;
  return writes ? !acknowledged(record) : record.status != 200;
}

std::string text_of(std::uint64_t number) {
  return std::string(kTextStart) + std::to_string(number) + " wrote this, and a square of it is " +
         std::to_string(number * number);
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  if (!text.starts_with(kTextStart)) return std::nullopt;
  std::uint64_t number = 0;
  std::istringstream digits(text.substr(kTextStart.size()));
  if (!(digits >> number) || text_of(number) != text) return std::nullopt;
  return number;
}

Log::Log(const std::string& path) : out_(path, std::ios::trunc) {
  out_ << "start_us latency_us kind number status" << std::endl;
}

void Log::add(const Record& record) {
  const std::lock_guard lock(mutex_);
  out_ << record.start_us << ' ' << record.latency_us << ' ' << kKindNames[static_cast<std::size_t>(record.kind)] << ' '
       << record.number << ' ' << record.status << std::endl;
}

std::optional<std::vector<Record>> read_log(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  std::vector<Record> records;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    Record record;
    std::string kind;
    if (!(fields >> record.start_us >> record.latency_us >> kind >> record.number >> record.status)) continue;
    const auto known = kind_of(kind);
    if (!known) continue;
    record.kind = *known;
    records.push_back(record);
  }
  return records;
}

}  // namespace load
