#pragma once

namespace pugi {
class xml_node;
}  // namespace pugi

namespace moult::virt {

/// The MAC of an `<interface>`; "" when it names none. Lives as long as the document.
[[nodiscard]] const char* mac_of(const pugi::xml_node& nic);
/// Puts an `<interface>` where another element says by its `type` and its `<source>`; all else of it stays.
void put_nic(pugi::xml_node& nic, const pugi::xml_node& place);

}  // namespace moult::virt
