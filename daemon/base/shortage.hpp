#pragma once

#include <system_error>

namespace provisr::daemon {

/// Returns whether descriptors or memory are short, so that another try may succeed.
[[nodiscard]] inline bool is_shortage(const std::error_code& error) noexcept {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system || error == std::errc::not_enough_memory;
}

}  // namespace provisr::daemon
