#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "routes.hpp"

namespace notes {

/// Serves HTTP/1.1 with kept-alive connections, a thread for each, until the process ends. Returns only with an error.
[[nodiscard]] std::string serve(const std::string& address, std::uint16_t port,
                                const std::function<Response(const Request&)>& answer_request);

}  // namespace notes
