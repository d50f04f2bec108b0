#include <set>
#include <utility>

#include "descriptors/level.hpp"
#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr std::array<Choice<Scheme>, 6> kSchemes{{{"semver", Scheme::semver},
                                                  {"deb", Scheme::deb},
                                                  {"rpm", Scheme::rpm},
                                                  {"numeric", Scheme::numeric},
                                                  {"date", Scheme::date},
                                                  {"pep440", Scheme::pep440}}};

std::string with_remedy(const Error& error) {
  return error.remedy.empty() ? error.message : error.message + "; " + error.remedy;
}

LevelSpec read_level(const Value& value, Report& report) {
  const Mapping mapping(value, kLevelKeys, report);
  LevelSpec level;
  level.at = mapping.location();
  mapping.text("to", kLine, level.to);
  mapping.text("from", kAnyText, level.from);
  if (const auto scheme = mapping.find("scheme")) {
    const auto read = read_choice(*scheme, kSchemes, report);
    if (!read) return level;
    level.scheme = *read;
  }
  if (const auto to = mapping.find("to"); to && !level.to.empty())
    if (const auto checked = check_level(level.scheme, level.to); !checked)
      report.add(to->node->at, to->path, with_remedy(checked.error()));
  if (const auto from = mapping.find("from"); from && !level.from.empty())
    if (const auto checked = check_constraint(level.scheme, level.from); !checked)
      report.add(from->node->at, from->path, with_remedy(checked.error()));
  return level;
}

void read_after(const Value& value, Component& component, References& references, Report& report) {
  std::set<std::string> seen;
  for (const auto& item : items_of(value, "a list of component names, [a, b]", report)) {
    auto name = read_text(item, kName, report);
    if (!name) continue;
    if (*name == component.name) {
      report.add(item.node->at, item.path, "a component cannot wait for itself");
    } else if (!seen.insert(*name).second) {
      report.add(item.node->at, item.path, in_quotes(*name) + " is already in this list");
    } else {
      references.components.push_back({*name, report.locate(item.node->at), item.path});
      component.after_at.push_back(report.locate(item.node->at));
      component.after.push_back(std::move(*name));
    }
  }
}

void read_requires(const Value& value, Component& component, References& references, Report& report) {
  for (const auto& [name, constraint] :
       named_entries(value, kName, "a mapping of component names and constraints", report)) {
    if (name == component.name) {
      report.add(constraint.key_at, constraint.path, "a component cannot require itself");
      continue;
    }
    references.components.push_back({name, report.locate(constraint.key_at), constraint.path});
    if (auto text = read_text(constraint, kAnyText, report))
      component.requires_.push_back({name, std::move(*text), report.locate(constraint.key_at)});
  }
}

}  // namespace

Component read_component(const std::string& name, const Value& value, References& references, Report& report) {
  const Mapping mapping(value, kComponentKeys, report);
  Component component;
  component.name = name;
  component.at = component.machine_at = mapping.location();
  mapping.text("machine", kName, component.machine);
  if (const auto machine = mapping.find("machine")) component.machine_at = report.locate(machine->node->at);
  if (const auto level = mapping.find("level")) component.level = read_level(*level, report);
  if (const auto detect = mapping.find("detect")) component.detect = read_detect(*detect, report);
  const auto found_before = report.count();
  if (const auto update = mapping.find("update")) component.update = read_update(*update, references, report);
  if (!mapping.find("update") || report.count() > found_before) references.payload_complete = false;
  if (const auto check = mapping.find("check")) component.check = read_check(*check, report);
  if (const auto hooks = mapping.find("hooks")) component.hooks = read_hooks(*hooks, report);
  if (const auto data = mapping.find("data")) component.data = read_data(*data, report);
  if (const auto after = mapping.find("after")) read_after(*after, component, references, report);
  if (const auto needs = mapping.find("requires")) read_requires(*needs, component, references, report);
  mapping.flag("parallel", component.parallel);
  return component;
}

}  // namespace moult::parse
