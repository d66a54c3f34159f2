#pragma once

namespace provisr::daemon {

/// Raises the soft RLIMIT_NOFILE to the hard limit; children start with the original limit. No-op
/// if the system refuses. Call it once, before any child starts.
void raise_descriptor_limit();

}  // namespace provisr::daemon
