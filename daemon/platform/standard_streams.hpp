#pragma once

#include <string_view>

namespace provisr::daemon {

/// Which standard streams the program was started with.
struct StandardStreams {
  bool has_output = true;
  bool has_error = true;
};

/// Makes the standard streams safe to use; call it first. One that is closed becomes the null
/// device, so that no file or socket takes its number. Writing to a pipe without a reader, or
/// beyond the limit of file sizes, fails instead of ending the program. Implemented in
/// daemon/platform.
[[nodiscard]] StandardStreams prepare_standard_streams() noexcept;

/// Writes all of `text` in one piece if the system can; blocks as long as the reader does.
/// Returns false if it was not written. Thread-safe.
[[nodiscard]] bool write_standard_error(std::string_view text) noexcept;

}  // namespace provisr::daemon
