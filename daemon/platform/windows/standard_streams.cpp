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
  return std::fwrite(text.data(), 1, text.size(), stderr) == text.size();
}

}  // namespace provisr::daemon
