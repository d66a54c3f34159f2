#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The hosts by which requests may call this server. Prevents DNS rebinding: a hostile page whose
/// own name resolves to this server calls the server by that name, and must not read the answer.
class HostPolicy {
 public:
  /// `names` are allowed in addition to IP addresses and "localhost"; "*" allows any.
  explicit HostPolicy(std::vector<std::string> names) : names_(std::move(names)) {}

  /// Returns whether a request is allowed. `authority` is "host" or "host:port". An empty host is
  /// allowed, because every browser sends one.
  [[nodiscard]] bool allows(std::string_view authority) const;

 private:
  std::vector<std::string> names_;
};

/// Returns the machine's full name and, if it has a domain, also the name without the domain.
[[nodiscard]] std::vector<std::string> names_of_machine(std::string_view full_name);

}  // namespace provisr::daemon
