#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The shown part of an entry of /api/exits. Texts are as received.
struct ExitReport {
  std::string name;
  std::string ended_at;  ///< RFC 3339
  std::string description;
  std::string reason;
  bool is_out_of_memory = false;
  std::optional<std::uint64_t> memory_peak;  ///< bytes

  /// Returns whether no command caused the exit: the process ended on its own or breached a limit.
  [[nodiscard]] bool is_unrequested() const { return reason == "itself" || reason == "limit"; }
};

/// Parses an answer of /api/exits and keeps its order. Returns no entries if it is not such an
/// answer.
[[nodiscard]] std::vector<ExitReport> parse_exits(std::string_view json);

/// Returns how the process ended, why, and the peak: "signal 9 (Killed), by stop, peak 512.0 MB".
[[nodiscard]] std::string to_words(const ExitReport& exit);

}  // namespace provisr::daemon
