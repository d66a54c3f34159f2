#pragma once

#include "daemon/platform/child_process.hpp"
#include "support/eventually.hpp"

#include <optional>
#include <stdexcept>

namespace provisr::test {

/// Returns how the child ended, or empty if it still runs. Asks the rest of its group to end, too.
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
