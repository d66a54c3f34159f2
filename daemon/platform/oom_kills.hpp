#pragma once

namespace provisr::daemon {

/// Checks whether the system has killed processes for lack of memory. Call it when the first child
/// starts and then every few seconds: otherwise the kill of an unrelated process could explain the
/// later end of a child. A no-op if the system does not report kills. Thread-safe.
void check_for_oom_kills();

}  // namespace provisr::daemon
