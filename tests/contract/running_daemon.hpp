#pragma once

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/listen_socket.hpp"
#include "support/temp_directory.hpp"

#include <memory>
#include <string>
#include <vector>

/// Starts provisrd as a user does, in ways that are the same on every platform.
namespace provisr::test {

[[nodiscard]] std::unique_ptr<daemon::ChildProcess> start_daemon(
    const std::vector<std::string>& options);

/// A loopback port with a listener.
class TakenPort {
 public:
  TakenPort();

  [[nodiscard]] int number() const;

 private:
  daemon::Socket listener_;
};

/// A daemon with a configuration and its own ports.
class RunningDaemon {
 public:
  explicit RunningDaemon(const std::string& configuration);

  [[nodiscard]] daemon::ChildProcess& process() { return *daemon_; }

  /// Returns the body of the answer to GET; empty unless the status is 200.
  [[nodiscard]] std::string api(const std::string& path) const;
  [[nodiscard]] std::string metrics() const;

 private:
  TempDirectory directory_;
  int api_port_ = TakenPort().number();  // free again
  int metrics_port_ = TakenPort().number();
  std::unique_ptr<daemon::ChildProcess> daemon_;
};

}  // namespace provisr::test
