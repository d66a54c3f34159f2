#include "daemon/http/engine.hpp"

#include "daemon/base/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

/// A request in memory, and a buffer for the output. There is no `override`, because which of the
/// waits are virtual depends on cpp-httplib's release.
// NOLINTBEGIN(modernize-use-override)
class TextStream final : public httplib::Stream {
 public:
  explicit TextStream(std::string_view input) : input_(input) {}

  [[nodiscard]] std::string take_output() { return std::move(output_); }

  ssize_t read(char* to, std::size_t size) {
    const std::size_t copied = input_.copy(to, size);
    input_.remove_prefix(copied);
    return static_cast<ssize_t>(copied);
  }
  ssize_t write(const char* from, std::size_t size) {
    output_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  bool is_readable() const { return !input_.empty(); }
  bool is_writable() const { return true; }
  bool wait_readable() const { return is_readable(); }
  bool wait_writable() const { return true; }
  void get_remote_ip_and_port(std::string&, int&) const {}
  void get_local_ip_and_port(std::string&, int&) const {}
  socket_t socket() const { return 0; }
  time_t duration() const { return 0; }

 private:
  std::string_view input_;
  std::string output_;
};
// NOLINTEND(modernize-use-override)

[[nodiscard]] int value_of_hex(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Returns the byte of an escape such as "%20" at the front; empty if there is none.
[[nodiscard]] std::optional<char> escaped_byte(std::string_view text) {
  const bool is_escape = text.size() >= 3 && text[0] == '%' && value_of_hex(text[1]) >= 0 &&
                         value_of_hex(text[2]) >= 0;
  if (!is_escape) return std::nullopt;
  return static_cast<char>(value_of_hex(text[1]) * 16 + value_of_hex(text[2]));
}

/// Decodes escapes, except those of a byte in `kept` and a "%" without two hexadecimal digits.
[[nodiscard]] std::string without_escapes(std::string_view text, std::string_view kept) {
  std::string plain;
  while (!text.empty()) {
    const auto byte = escaped_byte(text);
    const bool is_taken = byte && kept.find(*byte) == std::string_view::npos;
    plain += is_taken ? *byte : text.front();
    text.remove_prefix(is_taken ? 3 : 1);
  }
  return plain;
}

/// Keeps an escaped slash, which separates nothing (RFC 3986, 2.2): otherwise it would get past a
/// proxy that forbids a path.
[[nodiscard]] std::string decoded_path(std::string_view target) {
  return without_escapes(target.substr(0, target.find_first_of("?#")), "/");
}

/// Decodes "a+b%20c" to "a b c".
[[nodiscard]] std::string decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return without_escapes(spaced, "");
}

/// Returns all parameters. cpp-httplib would keep only one of several identical ones.
[[nodiscard]] HttpQuery query_of(std::string_view target) {
  HttpQuery query;
  target = target.substr(0, target.find('#'));
  target.remove_prefix(std::min(target.find('?'), target.size()));
  while (!target.empty()) {
    target.remove_prefix(1);
    const std::string_view parameter = target.substr(0, target.find('&'));
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const std::size_t value = std::min(name.size() + 1, parameter.size());
    if (!name.empty()) query.add(decoded(name), decoded(parameter.substr(value)));
    target.remove_prefix(parameter.size());
  }
  return query;
}

[[nodiscard]] httplib::Headers header_of(const HttpReply& reply) {
  httplib::Headers fields{
      {"Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr)))},
      {"Content-Type", reply.answer.content_type},
      {"Cache-Control", "no-store"},
      {"X-Content-Type-Options", "nosniff"},
      {"Connection", reply.keeps_alive ? "keep-alive" : "close"}};
  for (const auto& [name, value] : reply.answer.headers) fields.emplace(name, value);
  if (reply.framing == Framing::chunks) fields.emplace("Transfer-Encoding", "chunked");
  if (reply.framing == Framing::length) {
    const std::size_t size = reply.answer.body ? reply.answer.body->size() : 0;
    fields.emplace("Content-Length", std::to_string(size));
  }
  return fields;
}

[[nodiscard]] Framing framing_of(const HttpAnswer& answer, bool is_http_1_0) {
  if (!answer.source) return Framing::length;
  return is_http_1_0 ? Framing::close : Framing::chunks;
}

}  // namespace

/// cpp-httplib's server. Its callbacks fill in the reply of the current exchange.
class HttpEngine::Server final : private httplib::Server {
 public:
  using Answering = std::function<HttpAnswer()>;

  Server();
  void run(std::string_view target, const Answering& answering, bool is_http_1_0, HttpReply& reply);

 private:
  struct Exchange {
    const Answering* answering;
    bool is_http_1_0;
    HttpReply* reply;
    bool is_answered = false;
  };

  void answer(httplib::Response& response);
  void finish(httplib::Response& response);

  Exchange* exchange_ = nullptr;
};

HttpEngine::Server::Server() {
  set_pre_routing_handler([this](const httplib::Request&, httplib::Response& response) {
    answer(response);
    return HandlerResponse::Handled;
  });
  set_post_routing_handler(
      [this](const httplib::Request&, httplib::Response& response) { finish(response); });
  set_exception_handler([](const httplib::Request&, httplib::Response&,
                           const std::exception_ptr& failure) { std::rethrow_exception(failure); });
}

/// Runs every request as a GET: cpp-httplib refuses methods that it does not know, and the head is
/// the same for all methods.
void HttpEngine::Server::run(std::string_view target, const Answering& answering, bool is_http_1_0,
                             HttpReply& reply) {
  const std::string text = fmt::format("GET {} HTTP/1.1\r\n\r\n", target);
  TextStream stream(text);
  Exchange exchange{&answering, is_http_1_0, &reply};
  exchange_ = &exchange;
  bool is_closed = false;
  process_request(stream, "", 0, "", 0, !reply.keeps_alive, is_closed, nullptr);
  reply.head = stream.take_output();
}

void HttpEngine::Server::answer(httplib::Response& response) {
  HttpReply& reply = *exchange_->reply;
  reply.answer = (*exchange_->answering)();
  reply.framing = framing_of(reply.answer, exchange_->is_http_1_0);
  if (reply.framing == Framing::close) reply.keeps_alive = false;
  response.status = reply.answer.status;
  exchange_->is_answered = true;
}

/// Replaces the fields that cpp-httplib has added for a socket.
void HttpEngine::Server::finish(httplib::Response& response) {
  HttpReply& reply = *exchange_->reply;
  if (!exchange_->is_answered) {
    reply.answer = error_answer(response.status, "the request's target cannot be read");
    reply.keeps_alive = false;
  }
  response.headers = header_of(reply);
}

HttpEngine::HttpEngine() : server_(std::make_unique<Server>()) {}

HttpEngine::~HttpEngine() = default;

HttpReply HttpEngine::reply(FramedRequest request, const Handler& handler) {
  HttpReply reply;
  reply.keeps_alive = request.keeps_alive;
  const auto answering = [&] {
    HttpRequest& asked = request.request;
    asked.path = decoded_path(request.target);
    asked.query = query_of(request.target);
    return handler(asked);
  };
  server_->run(request.target, answering, request.is_http_1_0, reply);
  return reply;
}

HttpReply HttpEngine::reply_with(HttpAnswer answer, bool keeps_alive, bool is_http_1_0) {
  HttpReply reply;
  reply.keeps_alive = keeps_alive;
  server_->run(
      "/", [&] { return std::move(answer); }, is_http_1_0, reply);
  return reply;
}

HttpReply HttpEngine::last_reply(HttpAnswer answer) {
  return reply_with(std::move(answer), false, false);
}

}  // namespace provisr::daemon
