#pragma once

#include <optional>
#include <sys/resource.h>

namespace provisr::daemon {

/// Returns RLIMIT_NOFILE before raise_descriptor_limit(); empty if that call changed nothing.
[[nodiscard]] const std::optional<rlimit>& original_descriptor_limit();

}  // namespace provisr::daemon
