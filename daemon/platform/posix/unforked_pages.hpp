#pragma once

#include <cstddef>
#include <span>

namespace provisr::posix_platform {

/// Keeps whole pages out of processes that are forked from now on; a hint.
void leave_out_of_forks(std::span<std::byte> pages) noexcept;

}  // namespace provisr::posix_platform
