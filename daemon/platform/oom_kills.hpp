#pragma once

namespace provisr::daemon {

/// Looks whether the system has killed processes for lack of memory. To be called at the first
/// start of a child and, say, every few seconds from then on: a kill that was of none of its
/// children must not explain a later end of one. A no-op where the system does not tell. From any
/// thread.
void look_for_oom_kills();

}  // namespace provisr::daemon
