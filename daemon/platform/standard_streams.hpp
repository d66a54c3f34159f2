#pragma once

#include <string_view>

namespace provisr::daemon {

/// Which standard streams the program was started with.
struct StandardStreams {
  bool has_output = true;
  bool has_error = true;
};

/// Makes the standard streams safe to use; call it first. A closed stream becomes the null device,
/// so that no file or socket gets its number. Writing to a pipe without a reader, or beyond the
/// file size limit, fails instead of ending the program. Implemented in daemon/platform.
[[nodiscard]] StandardStreams prepare_standard_streams() noexcept;

/// Returns whether standard error leads to the journal of systemd, which adds the time to each line
/// and reads levels as sd-daemon(3) has them.
[[nodiscard]] bool writes_errors_to_journal() noexcept;

/// Writes all of `text`, in one piece if the system can. Blocks while the reader takes nothing.
/// Returns false on failure. Thread-safe.
[[nodiscard]] bool write_standard_error(std::string_view text) noexcept;

}  // namespace provisr::daemon
