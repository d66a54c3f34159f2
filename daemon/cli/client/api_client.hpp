#pragma once

#include "daemon/cli/server_url.hpp"
#include "daemon/http/client.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// The reason why a command cannot continue, in one sentence.
class ClientFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the word in a token file, without white space around it. Unlike provisrd's own token file,
/// this one may be readable by others: secrets of containers often have such a mode. Throws
/// ClientFailure if the file cannot be read, is not a regular file or does not hold one word.
[[nodiscard]] std::string read_token(const std::filesystem::path& file);

/// A client of the JSON API of a running provisrd.
class ApiClient {
 public:
  static constexpr std::chrono::milliseconds usual_patience{10'000};

  /// `token` may be empty. It is sent only to `server`.
  ApiClient(ServerUrl server, std::string token);

  /// Returns whether the server's address is on this machine: a Unix socket or a loopback address.
  [[nodiscard]] bool is_local() const;

  /// `route` is a path below the base path, with its query. Throws ClientFailure without an answer.
  [[nodiscard]] HttpResponse get(std::string_view route) const;
  [[nodiscard]] HttpResponse post(std::string_view route, std::chrono::milliseconds patience) const;

  /// Describes an answer whose status is not 2xx, with a hint for the user if there is one.
  [[nodiscard]] std::string refusal(const HttpResponse& received) const;

 private:
  [[nodiscard]] HttpResponse send(std::string_view method, std::string_view route,
                                  std::chrono::milliseconds patience) const;

  ServerUrl server_;
  bool has_token_;
  HttpClient client_;
};

}  // namespace provisr::daemon
