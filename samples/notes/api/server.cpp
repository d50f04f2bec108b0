#include "server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <thread>

namespace notes {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;
using HttpResponse = http::response<http::string_body>;

constexpr std::uint64_t kBodyLimit = 1 << 20;

Response answer_or_500(const std::function<Response(const Request&)>& answer_request, const Request& request) {
  try {
    return answer_request(request);
  } catch (const std::exception& failure) {
    return {500, std::string("{\"error\":\"") + failure.what() + "\"}\n"};
  }
}

HttpResponse make_response(const Response& answer, unsigned version, bool keep_alive) {
  HttpResponse response{static_cast<http::status>(answer.status), version};
  response.set(http::field::content_type, "application/json");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(keep_alive);
  response.body() = answer.json;
  response.prepare_payload();
  return response;
}

void serve_connection(tcp::socket socket, const std::function<Response(const Request&)>& answer_request) {
  beast::error_code error;
  beast::flat_buffer buffer;
  socket.set_option(tcp::no_delay(true), error);
  for (bool keep_alive = true; keep_alive;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kBodyLimit);
    http::read(socket, buffer, parser, error);
    if (error) return;
    auto& message = parser.get();
    keep_alive = message.keep_alive();
    const Request request{std::string(message.method_string()), std::string(message.target()),
                          std::move(message.body())};
    http::write(socket, make_response(answer_or_500(answer_request, request), message.version(), keep_alive), error);
    if (error) return;
  }
  socket.shutdown(tcp::socket::shutdown_send, error);
}

}  // namespace

std::string serve(const std::string& address, std::uint16_t port,
                  const std::function<Response(const Request&)>& answer_request) {
  try {
    boost::asio::io_context context;
    tcp::acceptor acceptor(context, {boost::asio::ip::make_address(address), port});
    for (;;) {
      std::thread([socket = acceptor.accept(), &answer_request]() mutable {
        serve_connection(std::move(socket), answer_request);
      }).detach();
    }
  } catch (const std::exception& failure) {
    return failure.what();
  }
}

}  // namespace notes
