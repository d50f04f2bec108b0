#pragma once

#include <optional>
#include <string>

#include "drivers/libvirt/handles.hpp"

namespace moult::virt {

/// What moult writes into a clone's metadata, so that any process recognises it:
/// `<moult:run xmlns:moult="urn:moult:run:1" id="RUN" original="DOMAIN" serves="no"/>`.
struct CloneMark {
  std::string run;
  std::string original;  ///< the original's domain name
  bool serves = false;   ///< consolidated: it is the original's successor, and takes its name when it is next off
  friend bool operator==(const CloneMark&, const CloneMark&) = default;
};

inline constexpr const char* kMarkUri = "urn:moult:run:1";
inline constexpr const char* kMarkPrefix = "moult";

/// The mark as an element without its namespace, as virDomainSetMetadata wants it.
[[nodiscard]] std::string mark_element(const CloneMark& mark);
/// The mark in a metadata element; nothing when it is no mark.
[[nodiscard]] std::optional<CloneMark> parse_mark(const std::string& element);
/// The mark of a domain; nothing when it has none.
[[nodiscard]] std::optional<CloneMark> read_mark(_virDomain* domain);

/// The domain that took over from a discarded original of this name; empty when there is none.
[[nodiscard]] DomainHandle find_successor(_virConnect* connection, const std::string& original);

}  // namespace moult::virt
