#include "daemon/http/server.hpp"

#include "daemon/platform/listen_socket.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace provisr::daemon {
namespace {

// A connection that is kept alive holds a thread of the pool while it idles, and stop() waits for
// it: few enough seconds for both not to matter, threads enough for a page, a scraper and people.
constexpr std::size_t pool_threads = 8;
constexpr std::chrono::seconds idle_timeout{2};
constexpr std::chrono::seconds transfer_timeout{5};
constexpr std::size_t requests_per_connection = 100'000;
constexpr std::size_t largest_request_body = 64 * 1024;

[[nodiscard]] HttpRequest request_of(const httplib::Request& request) {
  const std::size_t query = request.target.find('?');
  HttpRequest copy{.method = request.method,
                   .path = request.path,
                   .query = query == std::string::npos
                                ? HttpQuery()
                                : HttpQuery(std::string_view(request.target).substr(query + 1)),
                   .headers = {}};
  for (const auto& [name, value] : request.headers) copy.headers.add(name, value);
  return copy;
}

/// Every request is answered whole. cpp-httplib 0.11 would hand a range to the content provider
/// without comparing it with the body's length. The request is its own, non-const object.
void ignore_ranges(const httplib::Request& request) {
  const_cast<httplib::Request&>(request).ranges.clear();  // NOLINT(*-const-cast)
}

/// The part of `body` from `offset` on, at most `length` bytes; never beyond its end.
[[nodiscard]] std::string_view part_of(std::string_view body, std::size_t offset,
                                       std::size_t length) {
  return body.substr(std::min(offset, body.size()), length);
}

void send(const HttpAnswer& answer, const httplib::Request& request, httplib::Response& response) {
  ignore_ranges(request);
  response.status = answer.status;
  response.set_header("Cache-Control", "no-store");
  response.set_header("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer.headers) response.set_header(name.c_str(), value);
  // A provider of known length is sent as it is: neither copied nor compressed for each request.
  response.set_content_provider(
      answer.body->size(), answer.content_type,
      [body = answer.body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        const std::string_view part = part_of(*body, offset, length);
        return sink.write(part.data(), part.size());
      });
}

void configure(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(pool_threads); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_timeout(idle_timeout.count());
  server.set_keep_alive_max_count(requests_per_connection);
  server.set_read_timeout(transfer_timeout);
  server.set_write_timeout(transfer_timeout);
  server.set_payload_max_length(largest_request_body);
  // In place of SO_REUSEPORT, cpp-httplib's default.
  server.set_socket_options(
      [](socket_t socket) { claim_address_alone(static_cast<std::uintptr_t>(socket)); });
}

[[nodiscard]] std::string reason(const std::error_code& error) {
  return error ? error.message() : "no such address";
}

}  // namespace

struct HttpServer::State {
  ListenAddress address;
  const Router* router = nullptr;
  httplib::Server server;
  std::thread thread;

  void answer(const httplib::Request& request, httplib::Response& response) const;
  void route();
  [[nodiscard]] bool try_bind(const std::string& host);
  void remove_stale_socket() const;
};

void HttpServer::State::answer(const httplib::Request& request, httplib::Response& response) const {
  send(router->answer(request_of(request)), request, response);
}

void HttpServer::State::route() {
  const char* const any_path = R"([\s\S]*)";
  const auto handler = [this](const auto& request, auto& response) { answer(request, response); };
  server.Get(any_path, handler);
  server.Post(any_path, handler);
  server.Put(any_path, handler);
  server.Patch(any_path, handler);
  server.Delete(any_path, handler);
  server.Options(any_path, handler);
  // What cpp-httplib refuses by itself: malformed or oversized requests.
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (response.body.empty() && !response.content_provider_) {
      send(error_answer(response.status, "the request cannot be understood or is too large"),
           request, response);
    }
  });
}

bool HttpServer::State::try_bind(const std::string& host) {
  clear_socket_error();
  return server.bind_to_port(host, address.is_unix_socket() ? 80 : address.port);
}

/// A socket file that a daemon left behind when it was killed: nobody answers on it.
void HttpServer::State::remove_stale_socket() const {
  std::error_code ignored;
  if (!std::filesystem::is_socket(address.path, ignored)) return;
  httplib::Client probe(address.path);
  probe.set_address_family(AF_UNIX);
  const auto result = probe.Get("/");
  if (!result && result.error() == httplib::Error::Connection) {
    std::filesystem::remove(address.path, ignored);
  }
}

HttpServer::HttpServer(ListenAddress address, const Router& router)
    : state_(std::make_unique<State>()) {
  state_->router = &router;
  state_->address = std::move(address);
  configure(state_->server);
  state_->route();
}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::bind() {
  const ListenAddress& address = state_->address;
  bool is_bound = false;
  if (address.is_unix_socket()) {
    state_->remove_stale_socket();
    state_->server.set_address_family(AF_UNIX);
    is_bound = state_->try_bind(address.path);
  } else if (address.host.empty()) {
    // Both protocols if the machine has IPv6.
    is_bound = state_->try_bind("::") ||
               (!says_address_in_use(last_socket_error()) && state_->try_bind("0.0.0.0"));
  } else {
    is_bound = state_->try_bind(address.host);
  }
  if (!is_bound) {
    throw std::runtime_error(
        fmt::format("cannot listen on {}: {}", address.to_string(), reason(last_socket_error())));
  }
}

void HttpServer::start() {
  state_->thread = std::thread([this] { state_->server.listen_after_bind(); });
  while (!state_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void HttpServer::stop() {
  if (!state_->thread.joinable()) return;
  state_->server.stop();
  state_->thread.join();
  std::error_code ignored;
  if (state_->address.is_unix_socket()) std::filesystem::remove(state_->address.path, ignored);
}

}  // namespace provisr::daemon
