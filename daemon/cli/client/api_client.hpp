#pragma once

#include "daemon/cli/server_url.hpp"
#include "daemon/http/client.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Why a command cannot go on, in one sentence.
class ClientFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The word in a token file, without white space around it. Unlike provisrd's own, others may be
/// able to read the file: what a container is handed as a secret often has such a mode. Throws
/// ClientFailure if the file cannot be read, is no regular file or holds anything but one word.
[[nodiscard]] std::string read_token(const std::filesystem::path& file);

/// The JSON API of a running provisrd.
class ApiClient {
 public:
  static constexpr std::chrono::milliseconds usual_patience{10'000};

  /// `token` may be empty; it is sent to `server` alone.
  ApiClient(ServerUrl server, std::string token);

  /// Whether the connection ends on this machine: a Unix socket or a loopback address.
  [[nodiscard]] bool is_local() const;

  /// `route` is a path below the base path, with its query. Throws ClientFailure if no answer came.
  [[nodiscard]] HttpReceived get(std::string_view route) const;
  [[nodiscard]] HttpReceived post(std::string_view route, std::chrono::milliseconds patience) const;

  /// What an answer of another status than 2xx says, with a hint for the user if there is one.
  [[nodiscard]] std::string refusal(const HttpReceived& received) const;

 private:
  [[nodiscard]] HttpReceived send(std::string_view method, std::string_view route,
                                  std::chrono::milliseconds patience) const;

  ServerUrl server_;
  bool has_token_;
  HttpClient client_;
};

}  // namespace provisr::daemon
