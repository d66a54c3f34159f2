#pragma once

#include "daemon/platform/socket.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace provisr::daemon {

/// A Unix socket that listens at a path, mode 0660. The socket file appears only when it is
/// complete, including its group.
///
/// A lock file beside it, `PATH.lock`, decides who owns the path. A socket file left by a killed
/// daemon is replaced if a connection to it is refused. Systems without Unix sockets throw.
class UnixListener {
 public:
  /// If `group` is empty, the file gets the default group of new files. `predecessor`: the listener
  /// of this program that owns the path but is no longer reachable. Throws std::system_error, with
  /// "address in use" if another program owns the path, and std::runtime_error if the group cannot
  /// be set.
  UnixListener(std::string path, const std::string& group,
               const UnixListener* predecessor = nullptr);
  /// Removes the file if it is still the one that this object created.
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  [[nodiscard]] Socket& socket() { return socket_; }

  /// Returns false if somebody has removed or replaced the file.
  [[nodiscard]] bool is_reachable() const;

  [[nodiscard]] const std::string& group() const { return group_; }
  /// Whoever is connected stays. Throws std::runtime_error, with the group as it was, if it cannot
  /// be given, or the file is no longer the one that this object made.
  void give_to(const std::string& group);

 private:
  std::string path_;
  std::string group_;
  std::uint64_t first_group_ = 0;       ///< the one that the file got when it was made
  std::shared_ptr<const Socket> lock_;  ///< a descriptor, not a socket
  Socket socket_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace provisr::daemon
