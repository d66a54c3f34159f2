#pragma once

#include <cstddef>
#include <span>

namespace provisr::posix_platform {

/// Excludes whole pages from later forks; only a hint.
void leave_out_of_forks(std::span<std::byte> pages) noexcept;

}  // namespace provisr::posix_platform
