#pragma once

namespace provisr::daemon {

/// Lets this process open as many descriptors as the system allows it (the soft RLIMIT_NOFILE
/// becomes the hard one); children are started with the limit from before. Where the system
/// refuses, nothing changes. To be called once, before any child starts.
void raise_descriptor_limit();

}  // namespace provisr::daemon
