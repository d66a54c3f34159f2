#pragma once

#include <cerrno>
#include <system_error>

namespace provisr::daemon {

/// What the last system call failed with.
[[nodiscard]] inline std::error_code last_error() noexcept {
  return {errno, std::generic_category()};
}

[[noreturn]] inline void throw_error(int number) {
  throw std::system_error(number, std::generic_category());
}

}  // namespace provisr::daemon
