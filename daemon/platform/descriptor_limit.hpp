#pragma once

#include <cstddef>
#include <optional>

namespace provisr::daemon {

/// Raises the soft RLIMIT_NOFILE to the hard limit; children start with the original limit. A no-op
/// if the system refuses. Call it once, before any child starts.
void raise_descriptor_limit();

/// Returns how many descriptors this program may have; empty if there is no limit.
[[nodiscard]] std::optional<std::size_t> descriptor_limit();

}  // namespace provisr::daemon
