#pragma once

#include <cerrno>
#include <system_error>

namespace provisr::daemon {

/// Returns the error of the last system call.
[[nodiscard]] inline std::error_code last_error() noexcept {
  return {errno, std::generic_category()};
}

[[noreturn]] inline void throw_error(int number) {
  throw std::system_error(number, std::generic_category());
}

}  // namespace provisr::daemon
