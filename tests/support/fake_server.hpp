#pragma once

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace provisr::test {

/// A server on a free port of the loopback interface. It answers every request with given bytes and
/// keeps the requests.
class FakeServer {
 public:
  enum class Ending {
    close,    ///< the connection is closed after the bytes
    hold,     ///< the connection stays open without more bytes
    endless,  ///< the last byte is repeated until the client disconnects
  };

  explicit FakeServer(std::string bytes, Ending ending = Ending::close)
      : FakeServer(std::vector<std::string>{std::move(bytes)}, ending) {}
  /// Gives one answer per connection. Further connections get the last answer.
  explicit FakeServer(std::vector<std::string> answers, Ending ending = Ending::close);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;

  /// Stops the server and returns all requests. A request is complete once the client has an
  /// answer.
  [[nodiscard]] std::string stop_and_take_requests();

 private:
  void serve();
  void answer(int connection, const std::string& bytes);

  std::vector<std::string> answers_;
  Ending ending_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  int port_ = 0;
  std::string requests_;
  std::thread thread_;
};

/// Returns an HTTP response with a JSON body, like those of provisrd.
[[nodiscard]] std::string json_response(int status, const std::string& body);

}  // namespace provisr::test
