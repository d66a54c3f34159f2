#pragma once

#include <optional>
#include <sys/resource.h>

namespace provisr::daemon {

/// RLIMIT_NOFILE as it was before raise_descriptor_limit(); empty where that changed nothing.
[[nodiscard]] const std::optional<rlimit>& original_descriptor_limit();

}  // namespace provisr::daemon
