#include "daemon/cli/client/api_client.hpp"

#include "daemon/base/text.hpp"
#include "daemon/cli/client/json_answer.hpp"
#include "daemon/config/token_file.hpp"
#include "daemon/platform/regular_file.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::size_t longest_error = 2000;

[[nodiscard]] ClientFailure token_fault(const std::filesystem::path& file, std::string_view what) {
  return ClientFailure(fmt::format("the token file \"{}\" {}", name_of(file), what));
}

[[nodiscard]] std::string text_of(const std::filesystem::path& file) {
  std::error_code error;
  auto text = read_start_of_regular_file(file, max_token_file_size + 1, error);
  if (error == std::errc::not_supported) throw token_fault(file, "is not a regular file");
  if (!text) throw token_fault(file, fmt::format("cannot be read: {}", error.message()));
  if (text->size() > max_token_file_size) {
    throw token_fault(file, fmt::format("is longer than {} bytes", max_token_file_size));
  }
  return std::move(*text);
}

}  // namespace

std::string read_token(const std::filesystem::path& file) {
  TokenFile parsed = parse_token(text_of(file));
  if (!parsed.fault.empty()) throw token_fault(file, parsed.fault);
  return std::move(parsed.token);
}

ApiClient::ApiClient(ServerUrl server, std::string token)
    : server_(std::move(server)),
      has_token_(!token.empty()),
      client_(server_.address, std::move(token)) {}

bool ApiClient::is_local() const {
  const std::string_view host = server_.address.host;
  return server_.address.is_unix_socket() || host == "localhost" || host == "::1" ||
         host.starts_with("127.");
}

HttpResponse ApiClient::get(std::string_view route) const {
  return send("GET", route, usual_patience);
}

HttpResponse ApiClient::post(std::string_view route, std::chrono::milliseconds patience) const {
  return send("POST", route, patience);
}

HttpResponse ApiClient::send(std::string_view method, std::string_view route,
                             std::chrono::milliseconds patience) const {
  try {
    return client_.send(method, server_.base_path + std::string(route), patience);
  } catch (const HttpFailure& failure) {
    throw ClientFailure(fmt::format(
        "cannot ask {}: {}; does provisrd run and listen there? --url or --socket says where",
        server_.to_string(), failure.what()));
  }
}

std::string ApiClient::refusal(const HttpResponse& received) const {
  std::string text = error_in(received.body).substr(0, longest_error);
  if (text.empty()) {
    text = fmt::format("{} answered with status {}", server_.to_string(), received.status);
  }
  if (received.status == 401 && !has_token_) return text + "; --token-file names a file with it";
  if (received.status >= 300 && received.status < 400) return text + "; redirects are not followed";
  return text;
}

}  // namespace provisr::daemon
