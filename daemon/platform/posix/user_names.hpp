#pragma once

#include <string>
#include <sys/types.h>
#include <unordered_map>

namespace provisr::daemon {

/// A cache of user names by user ID. Not thread-safe.
class UserNames {
 public:
  /// Returns the user's name; the number as text if there is no name or the lookup fails; null if
  /// it fails because descriptors or memory are short. Valid until forget().
  [[nodiscard]] const std::string* of(uid_t uid);

  void forget() { known_.clear(); }

 private:
  std::unordered_map<uid_t, std::string> known_;
};

}  // namespace provisr::daemon
