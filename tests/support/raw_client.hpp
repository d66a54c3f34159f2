#pragma once

#include <string>
#include <string_view>

namespace provisr::test {

/// A connection to a port of the loopback interface that sends whatever bytes a test wants.
class RawClient {
 public:
  /// Throws std::runtime_error if nobody listens.
  explicit RawClient(int port, std::string_view address = "127.0.0.1");
  /// To a Unix socket.
  [[nodiscard]] static RawClient to_unix_socket(const std::string& path);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// As much as the other side takes; false if it has closed the connection.
  bool send(std::string_view bytes);

  /// The next answer, its length by Content-Length; less if the other side closes before. Both
  /// reads throw std::runtime_error if nothing comes before the deadline.
  [[nodiscard]] std::string read_answer();

  /// What comes next, of any length; throws std::runtime_error at the end of the connection, too.
  [[nodiscard]] std::string read_some();

  /// Everything until the other side closes.
  [[nodiscard]] std::string read_all();

 private:
  struct Handle {
    int fd;
  };
  explicit RawClient(Handle handle) : fd_(handle.fd) {}

  /// False at the end of the connection or the deadline.
  bool receive_more();

  int fd_ = -1;
  std::string received_;
};

/// The status of an answer; 0 if it is none.
[[nodiscard]] int status_of_answer(std::string_view answer);

}  // namespace provisr::test
