#pragma once

#include "daemon/platform/child_process.hpp"
#include "support/eventually.hpp"

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::test {

/// Starts a child and waits until its program is executed. Throws std::system_error if that fails.
[[nodiscard]] inline std::unique_ptr<daemon::ChildProcess> start_child(
    const daemon::ChildCommand& command) {
  daemon::StartFailure failure;
  auto child = daemon::ChildProcess::start(command, failure);
  if (!child) throw std::system_error(failure.error, failure.what);
  const bool is_executed =
      eventually([&] { return child->execution(failure) != daemon::Execution::pending; });
  if (!is_executed || failure.error) throw std::system_error(failure.error, failure.what);
  return child;
}

[[nodiscard]] inline std::unique_ptr<daemon::ChildProcess> start_child(
    std::vector<std::string> argv) {
  daemon::ChildCommand command;
  command.argv = std::move(argv);
  return start_child(command);
}

}  // namespace provisr::test
