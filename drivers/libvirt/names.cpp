#include "drivers/libvirt/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>

namespace moult::virt {
namespace {

// FNV-1a: the name only has to be the same in every process.
std::string short_hash(const std::string& text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  constexpr std::array kDigits{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::string hex;
  for (int shift = 28; shift >= 0; shift -= 4) hex += kDigits.at((hash >> static_cast<unsigned>(shift)) & 15U);
  return hex;
}

std::string overlay(const std::string& run, const std::string& domain, const std::string& target,
                    const std::string& top, const char* suffix) {
  return directory_of(top) + "/" + domain + "." + target + ".moult-" + run + suffix + ".qcow2";
}

}  // namespace

std::string clone_domain(const std::string& run, const std::string& domain) { return domain + "-moult-" + run; }

std::string original_overlay(const std::string& run, const std::string& domain, const std::string& target,
                             const std::string& top) {
  return overlay(run, domain, target, top, "");
}

std::string clone_overlay(const std::string& run, const std::string& domain, const std::string& target,
                          const std::string& top) {
  return overlay(run, domain, target, top, "-clone");
}

std::string handed_overlay(const std::string& run, const std::string& domain, const std::string& target,
                           const std::string& top) {
  return overlay(run, domain, target, top, "-handed");
}

std::string returned_overlay(const std::string& run, const std::string& domain, const std::string& target,
                             const std::string& top) {
  return overlay(run, domain, target, top, "-returned");
}

std::string run_of_overlay(const std::string& path) {
  constexpr std::string_view kMark = ".moult-", kEnd = ".qcow2", kClone = "-clone";
  constexpr std::array<std::string_view, 2> kUpper{"-handed", "-returned"};
  std::string_view name = path;
  const auto mark = name.rfind(kMark);
  if (mark == std::string_view::npos || !name.ends_with(kEnd)) return {};
  name = name.substr(mark + kMark.size());
  name.remove_suffix(std::min(name.size(), kEnd.size()));
  if (name.ends_with(kClone)) return {};
  for (const auto upper : kUpper)
    if (name.ends_with(upper)) name.remove_suffix(upper.size());
  return check_run_id(std::string(name)) ? std::string(name) : std::string();
}

std::string network_name(const std::string& run, Place place) {
  return "moult-" + run + (place == Place::isolated ? "-i" : "-s");
}

std::string bridge_name(const std::string& run, Place place) {
  return "mlt" + short_hash(run) + (place == Place::isolated ? "i" : "s");
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string file_name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<> check_run_id(const std::string& run) {
  const bool good = !run.empty() && run.size() <= 64 && std::all_of(run.begin(), run.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (good) return {};
  return fail(Code::invalid, "run id \"" + run + "\" cannot stand in names of files and domains",
              "use letters, digits, '-', '_' and '.'");
}

}  // namespace moult::virt
