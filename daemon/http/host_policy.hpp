#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Which hosts a request may call this server by. A page of a stranger that had its own name
/// resolve to our address (DNS rebinding) calls us by that name, and must not read the answer.
class HostPolicy {
 public:
  /// `names` beside IP addresses and "localhost"; "*" allows any.
  explicit HostPolicy(std::vector<std::string> names) : names_(std::move(names)) {}

  /// `authority` is "host" or "host:port"; without a host, no browser has asked.
  [[nodiscard]] bool allows(std::string_view authority) const;

 private:
  std::vector<std::string> names_;
};

/// A machine's name and, if it has a domain, that without it.
[[nodiscard]] std::vector<std::string> names_of_machine(std::string_view full_name);

}  // namespace provisr::daemon
