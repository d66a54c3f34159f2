#pragma once

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace provisr::test {

/// A server that answers with given bytes, whatever it is asked, and keeps what it was asked. On a
/// free port of the loopback interface.
class FakeServer {
 public:
  enum class Ending {
    close,    ///< the connection is closed behind the bytes
    hold,     ///< it stays open, and nothing more comes
    endless,  ///< the last byte is repeated until the client goes
  };

  explicit FakeServer(std::string bytes, Ending ending = Ending::close)
      : FakeServer(std::vector<std::string>{std::move(bytes)}, ending) {}
  /// An answer for each connection; those behind the last one get it, too.
  explicit FakeServer(std::vector<std::string> answers, Ending ending = Ending::close);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;

  /// All that was asked so far, complete once the client has an answer.
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

/// An answer with a JSON body, as provisrd gives it.
[[nodiscard]] std::string json_response(int status, const std::string& body);

}  // namespace provisr::test
