#pragma once

#include <string>
#include <string_view>

namespace provisr::test {

/// A connection to a loopback port or a Unix socket that sends exactly the bytes of the test.
class RawClient {
 public:
  /// Connects. Throws std::runtime_error if nothing listens.
  explicit RawClient(int port, std::string_view address = "127.0.0.1");
  /// Connects to a Unix socket. Throws std::runtime_error if nothing listens.
  [[nodiscard]] static RawClient to_unix_socket(const std::string& path);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Sends all bytes. Returns false if the other side has closed the connection.
  bool send(std::string_view bytes);

  /// Returns the next response, whose length is given by Content-Length; less if the other side
  /// closes the connection first. All reads throw std::runtime_error if the deadline passes.
  [[nodiscard]] std::string read_answer();

  /// Returns the next bytes, at least one. Throws std::runtime_error at the end of the connection,
  /// too.
  [[nodiscard]] std::string read_some();

  /// Returns everything until the other side closes the connection.
  [[nodiscard]] std::string read_all();

 private:
  struct Handle {
    int fd;
  };
  explicit RawClient(Handle handle) : fd_(handle.fd) {}

  /// Receives into `received_`. Returns false at the end of the connection; throws
  /// std::runtime_error if the deadline passes.
  bool receive_more();

  int fd_ = -1;
  std::string received_;
};

/// Returns the status of an HTTP response; 0 if it is none.
[[nodiscard]] int status_of_answer(std::string_view answer);

}  // namespace provisr::test
