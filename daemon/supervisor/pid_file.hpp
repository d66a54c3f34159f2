#pragma once

#include <provisr/process_metrics.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace provisr::daemon {

/// A pid_file at one moment. Two readings are equal as long as nobody wrote the file in between.
struct PidFile {
  std::optional<ProcessId> pid;
  std::string problem;  ///< why there is no PID: "does not exist", "holds no PID", ...
  std::filesystem::file_time_type written_at{};

  friend bool operator==(const PidFile&, const PidFile&) = default;
};

/// The PID on the first line of `text`; spaces around it do not matter, anything else does.
[[nodiscard]] std::optional<ProcessId> parse_pid(std::string_view text);

/// Never blocks and never reads more than the start of the file.
[[nodiscard]] PidFile read_pid_file(const std::filesystem::path& file);

/// Puts "PID\n" there at once: a reader sees the file before or after, nothing in between.
[[nodiscard]] std::error_code write_pid_file(const std::filesystem::path& file, ProcessId pid);

/// Removes the file if it still holds this PID.
void remove_pid_file(const std::filesystem::path& file, ProcessId pid);

}  // namespace provisr::daemon
