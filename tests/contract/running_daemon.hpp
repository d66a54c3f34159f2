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

/// A daemon with a configuration and its own ports. It listens when the constructor returns.
class RunningDaemon {
 public:
  explicit RunningDaemon(const std::string& configuration);

  [[nodiscard]] daemon::ChildProcess& process() { return *daemon_; }

  /// Returns the body of the answer to GET; empty unless the status is 200.
  [[nodiscard]] std::string api(const std::string& path) const;
  [[nodiscard]] std::string metrics() const;
  [[nodiscard]] std::string log() const;

 private:
  TempDirectory directory_;
  std::unique_ptr<daemon::ChildProcess> daemon_;
  int api_port_ = 0;
  int metrics_port_ = 0;
};

}  // namespace provisr::test
