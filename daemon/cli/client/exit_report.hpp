#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// An entry of /api/exits, as far as people are shown it. Texts are as received.
struct ExitReport {
  std::string name;
  std::string ended_at;  ///< RFC 3339
  std::string description;
  std::string reason;
  bool is_out_of_memory = false;
  std::optional<std::uint64_t> memory_peak;  ///< bytes

  /// Nobody asked for it but the process itself, or a limit that it breached.
  [[nodiscard]] bool is_unasked() const { return reason == "itself" || reason == "limit"; }
};

/// The entries of an answer of /api/exits, in its order; none if it is no such answer.
[[nodiscard]] std::vector<ExitReport> parse_exits(std::string_view json);

/// How it ended, by whose doing, and the peak: "signal 9 (Killed), by stop, peak 512.0 MB".
[[nodiscard]] std::string to_words(const ExitReport& exit);

}  // namespace provisr::daemon
