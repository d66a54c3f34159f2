#pragma once

#include "daemon/platform/child_process.hpp"
#include "support/eventually.hpp"

#include <optional>
#include <stdexcept>

namespace provisr::test {

/// How the child ended, if it has; what is left of its group is asked to end, too.
[[nodiscard]] inline std::optional<daemon::ExitStatus> poll_exit(daemon::ChildProcess& child) {
  if (!child.has_ended()) return std::nullopt;
  child.terminate_group();
  return child.collect_exit();
}

[[nodiscard]] inline daemon::ExitStatus wait_for_exit(daemon::ChildProcess& child) {
  std::optional<daemon::ExitStatus> how;
  if (!eventually([&] { return (how = poll_exit(child)).has_value(); })) {
    throw std::runtime_error("the child does not end");
  }
  return *how;
}

}  // namespace provisr::test
