#include "daemon/platform/standard_streams.hpp"

#include <cstdio>

namespace provisr::daemon {

StandardStreams prepare_standard_streams() noexcept {
  return {};
}

bool writes_errors_to_journal() noexcept {
  return false;
}

bool write_standard_error(std::string_view text) noexcept {
  // If it is redirected to a file, the C library may keep the text back until the end.
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stderr) == text.size();
  return std::fflush(stderr) == 0 && is_written;
}

}  // namespace provisr::daemon
