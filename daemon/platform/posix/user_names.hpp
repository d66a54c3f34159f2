#pragma once

#include <string>
#include <sys/types.h>
#include <unordered_map>

namespace provisr::daemon {

/// The names of users by their number, each asked for once. Not thread-safe.
class UserNames {
 public:
  /// The number, as text, if it has no name or if that cannot be found out. Valid until forget().
  [[nodiscard]] const std::string& of(uid_t uid);

  void forget() { known_.clear(); }

 private:
  std::unordered_map<uid_t, std::string> known_;
};

}  // namespace provisr::daemon
